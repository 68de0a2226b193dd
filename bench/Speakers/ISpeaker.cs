namespace AnycastVip.Bench.Speakers;

/// <summary>A BGP speaker under measurement: ours or another one, in its node of the bench's lab.</summary>
internal interface ISpeaker : IDisposable
{
    /// <summary>Its name and version.</summary>
    string Name { get; }

    /// <summary>The router's neighbor.</summary>
    string Address { get; }

    /// <summary>The router's interface towards it.</summary>
    string RouterInterface { get; }

    /// <summary>Its process, as the host sees it.</summary>
    int Pid { get; }

    /// <summary>Orders that all prefixes are announced, in the speaker's usual way for many.</summary>
    Task AnnounceAllAsync();

    /// <summary>Orders that none is announced.</summary>
    Task WithdrawAllAsync();

    /// <summary>Orders that <see cref="BenchPrefixes.Single"/> is announced.</summary>
    Task AnnounceSingleAsync();

    /// <summary>Orders that it is withdrawn.</summary>
    Task WithdrawSingleAsync();
}

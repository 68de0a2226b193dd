using AnycastVip.BgpSpeaker.Runtime;

namespace AnycastVip.Vipd.Configuration;

/// <summary>What a configuration file says, checked.</summary>
public sealed record NodeConfiguration
{
    /// <summary>Where the node stands, for views; null when the file does not say.</summary>
    public string? Site { get; init; }

    /// <summary>The directory of the processes' Unix sockets, an absolute path.</summary>
    public required string ApiDirectory { get; init; }

    /// <summary>What <c>vipd speaker</c> is told.</summary>
    public required SpeakerOptions Speaker { get; init; }
}

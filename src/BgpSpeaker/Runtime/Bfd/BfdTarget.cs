using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>What the transport is told about a session.</summary>
/// <param name="Name">The peer's name: the session's discriminator follows from it.</param>
/// <param name="Path">Where its packets run; <see cref="BfdPath.Interface"/> is found by the transport.</param>
/// <param name="Interface">The interface behind a link-local address, by name: its index may change.</param>
/// <param name="Settings">Its timers.</param>
internal sealed record BfdTarget(string Name, BfdPath Path, string? Interface, BfdSettings Settings);

/// <summary>What a session tells whoever relies on it.</summary>
/// <param name="Changed">The change of the local state; null when only the remote one changed.</param>
/// <param name="State">The local state now.</param>
/// <param name="Remote">The remote state, as last heard.</param>
internal readonly record struct BfdReport(BfdStateChange? Changed, BfdState State, BfdState Remote)
{
    /// <summary>Up, or held by the remote operator: nothing speaks against the path.</summary>
    public bool IsPermission =>
        State == BfdState.Up || (Remote == BfdState.AdminDown && State != BfdState.AdminDown);
}

/// <summary>A session as an operator sees it; times are since the clock's fixed origin.</summary>
internal sealed record BfdStatus
{
    /// <summary>The session's variables.</summary>
    public required BfdSession Session { get; init; }

    /// <summary>RFC 5883 instead of RFC 5881.</summary>
    public required bool IsMultihop { get; init; }

    /// <summary>Packets that the kernel took.</summary>
    public required long PacketsSent { get; init; }

    /// <summary>Packets that the session took.</summary>
    public required long PacketsReceived { get; init; }

    /// <summary>Packets for this session that were discarded.</summary>
    public required long PacketsDiscarded { get; init; }

    /// <summary>How often the session left Up.</summary>
    public required long Downs { get; init; }

    /// <summary>How late periodic packets were, after their jittered time.</summary>
    public required BfdLateness Lateness { get; init; }
}

/// <summary>How late periodic packets went out after their jittered time.</summary>
/// <param name="Packets">How many there were.</param>
/// <param name="Total">The sum over all.</param>
/// <param name="Maximum">The worst.</param>
/// <param name="LatePackets">Those that were more than a quarter of the interval late.</param>
internal readonly record struct BfdLateness(long Packets, TimeSpan Total, TimeSpan Maximum, long LatePackets)
{
    /// <summary>On average.</summary>
    public TimeSpan Mean => Packets == 0 ? TimeSpan.Zero : Total / Packets;

    /// <summary>With one more packet.</summary>
    /// <param name="late">How late it was.</param>
    /// <param name="interval">The interval without jitter.</param>
    public BfdLateness Add(TimeSpan late, TimeSpan interval) => new(
        Packets + 1, Total + late, late > Maximum ? late : Maximum, LatePackets + (late > interval / 4 ? 1 : 0));
}

namespace AnycastVip.Proxy.Engine;

/// <summary>How long the connections of a listener may go on in which state; null: as long as they like.</summary>
public sealed record ListenerTimeouts
{
    /// <summary>A client that has sent nothing for so long since it was accepted is reset.</summary>
    public TimeSpan? FirstOctet { get; init; }

    /// <summary>
    /// A connection of which one side has ended, and on which no octet moves, is reset after so long, or up to twice.
    /// </summary>
    public TimeSpan? HalfClosed { get; init; }

    /// <summary>A connection is reset so long after it was accepted, whatever it does.</summary>
    public TimeSpan? Total { get; init; }

    /// <summary>
    /// A side that acknowledges nothing of what it is sent, or takes nothing of it, for so long is gone
    /// (TCP_USER_TIMEOUT; RFC 9293, section 3.8.3).
    /// </summary>
    public TimeSpan? User { get; init; }

    internal IEnumerable<TimeSpan?> All => [FirstOctet, HalfClosed, Total, User];
}

/// <summary>TCP's keep-alive (RFC 9293, section 3.8.4): all in whole seconds, as the kernel counts them.</summary>
/// <param name="Idle">Silence before the first probe, 1–32,767 s.</param>
/// <param name="Interval">From one probe to the next, 1–32,767 s.</param>
/// <param name="Probes">So many without an answer, and the peer is gone, 1–127.</param>
public sealed record KeepAliveSpec(TimeSpan Idle, TimeSpan Interval, int Probes)
{
    /// <summary>The longest idle time and interval.</summary>
    public static readonly TimeSpan MaximumTime = TimeSpan.FromSeconds(32_767);

    /// <summary>The most probes.</summary>
    public const int MaximumProbes = 127;

    /// <summary>A peer that vanished is found after two minutes.</summary>
    public static readonly KeepAliveSpec Default = new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10), 6);

    internal bool IsSound => IsTime(Idle) && IsTime(Interval) && Probes is >= 1 and <= MaximumProbes;

    private static bool IsTime(TimeSpan time) => time >= TimeSpan.FromSeconds(1) && time <= MaximumTime;
}

using AnycastVip.BgpSpeaker.Timing;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>One TCP connection of a peer, from the moment it is up. Timers are deadlines; null means stopped.</summary>
/// <param name="Connection">Which connection.</param>
/// <param name="Settings">What we know about the peer.</param>
/// <param name="Jitter">For the KeepaliveTimer.</param>
public abstract record ConnectionState(ConnectionId Connection, PeerSettings Settings, JitterSource Jitter)
{
    /// <summary>The state's name; <see cref="BgpState.Idle"/> once closed.</summary>
    public abstract BgpState BgpState { get; }

    /// <summary>When <see cref="TimersDue"/> is owed; null: never.</summary>
    public abstract TimeSpan? NextDeadline { get; }
}

/// <summary>Our OPEN is sent; theirs is awaited.</summary>
/// <param name="Connection">Which connection.</param>
/// <param name="Settings">What we know about the peer.</param>
/// <param name="Jitter">For the KeepaliveTimer.</param>
/// <param name="HoldTimer">Set to the "large value" of RFC 4271 section 8.2.2.</param>
public sealed record OpenSent(
    ConnectionId Connection, PeerSettings Settings, JitterSource Jitter, TimeSpan HoldTimer)
    : ConnectionState(Connection, Settings, Jitter)
{
    /// <inheritdoc/>
    public override BgpState BgpState => BgpState.OpenSent;

    /// <inheritdoc/>
    public override TimeSpan? NextDeadline => HoldTimer;
}

/// <summary>Both OPENs are exchanged; a KEEPALIVE or NOTIFICATION is awaited.</summary>
/// <param name="Connection">Which connection.</param>
/// <param name="Settings">What we know about the peer.</param>
/// <param name="Jitter">For the KeepaliveTimer.</param>
/// <param name="Session">What both OPENs agree on.</param>
/// <param name="HoldTimer">Runs here even if the negotiated hold time is zero, so that nothing waits for ever.</param>
/// <param name="KeepaliveTimer">Stopped if the negotiated hold time is zero.</param>
public sealed record OpenConfirm(
    ConnectionId Connection,
    PeerSettings Settings,
    JitterSource Jitter,
    NegotiatedSession Session,
    TimeSpan HoldTimer,
    TimeSpan? KeepaliveTimer)
    : ConnectionState(Connection, Settings, Jitter)
{
    /// <inheritdoc/>
    public override BgpState BgpState => BgpState.OpenConfirm;

    /// <inheritdoc/>
    public override TimeSpan? NextDeadline => Deadline.Earliest(HoldTimer, KeepaliveTimer);
}

/// <summary>UPDATEs flow.</summary>
/// <param name="Connection">Which connection.</param>
/// <param name="Settings">What we know about the peer.</param>
/// <param name="Jitter">For the KeepaliveTimer.</param>
/// <param name="Session">What both OPENs agree on.</param>
/// <param name="Since">When the state was entered.</param>
/// <param name="HoldTimer">Stopped if the negotiated hold time is zero.</param>
/// <param name="KeepaliveTimer">Stopped if the negotiated hold time is zero.</param>
/// <param name="SendHoldTimer">RFC 9687; stopped if the negotiated hold time is zero.</param>
public sealed record Established(
    ConnectionId Connection,
    PeerSettings Settings,
    JitterSource Jitter,
    NegotiatedSession Session,
    TimeSpan Since,
    TimeSpan? HoldTimer,
    TimeSpan? KeepaliveTimer,
    TimeSpan? SendHoldTimer)
    : ConnectionState(Connection, Settings, Jitter)
{
    /// <inheritdoc/>
    public override BgpState BgpState => BgpState.Established;

    /// <inheritdoc/>
    public override TimeSpan? NextDeadline =>
        Deadline.Earliest(Deadline.Earliest(HoldTimer, KeepaliveTimer), SendHoldTimer);
}

/// <summary>The connection is let go: nothing that happens to it matters any more.</summary>
/// <param name="Connection">Which connection it was.</param>
/// <param name="Settings">What we know about the peer.</param>
/// <param name="Jitter">As it was left.</param>
/// <param name="Reason">For people, in one line.</param>
/// <param name="Notification">The NOTIFICATION that ended it, sent or received; null if there was none.</param>
public sealed record Closed(
    ConnectionId Connection, PeerSettings Settings, JitterSource Jitter, string Reason, Notification? Notification)
    : ConnectionState(Connection, Settings, Jitter)
{
    /// <inheritdoc/>
    public override BgpState BgpState => BgpState.Idle;

    /// <inheritdoc/>
    public override TimeSpan? NextDeadline => null;
}

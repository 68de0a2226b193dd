using AnycastVip.BgpSpeaker.Timing;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>
/// The state machine of one peer: administrative state, dialling and retrying, accepting, collisions between the
/// dialled and the accepted connection. Pure: each call yields the next state and what to do, in order.
/// </summary>
/// <remarks>
/// <para>Where RFC 4271 section 8.2.2 falls back to Idle after a failure, this machine falls back to Active: it dials
/// again only after a wait, but takes the peer's connection at any time, so that a router which comes back is not
/// refused. Idle means administratively down.</para>
/// <para>Waits start at <see cref="PeerSettings.RetryMinimum"/>, double up to
/// <see cref="PeerSettings.RetryMaximum"/> and are jittered to 75–100 %. They start over after a session that was
/// Established for at least <see cref="PeerSettings.RetryAfterCease"/>, and after an operator's start or reset; after a
/// Cease for too many prefixes, an administrative shutdown, a removed peer or exhausted resources, from either side,
/// the next wait is <see cref="PeerSettings.RetryAfterCease"/>.</para>
/// <para>Every id that the machine takes up (<see cref="Dial"/>, <see cref="TcpConnectionConfirmed"/>) ends in exactly
/// one <see cref="CloseConnection"/>, also after <see cref="TcpConnectionFails"/>.</para>
/// </remarks>
public static class PeerFsm
{
    /// <summary>A peer that waits for <see cref="ManualStart"/>.</summary>
    /// <param name="settings">What we know about the peer.</param>
    /// <param name="seed">For all jitter of this peer: different for each.</param>
    /// <param name="now">Since the shell's origin.</param>
    public static PeerState Initial(PeerSettings settings, ulong seed, TimeSpan now) => new()
    {
        Settings = settings,
        Jitter = new JitterSource(seed),
        RetryWait = settings.RetryMinimum,
        Since = now,
        IsHeldByBfd = settings.BfdStrict,
    };

    /// <summary>Takes one event. Events for connections that the machine has let go change nothing.</summary>
    /// <param name="state">What the previous call returned.</param>
    /// <param name="happened">The event.</param>
    /// <param name="now">Since the shell's origin; for messages, when they arrived at the socket.</param>
    public static (PeerState State, ValueList<PeerAction> Actions) Next(
        PeerState state, PeerEvent happened, TimeSpan now)
    {
        var transition = new PeerTransition(state, now);
        transition.Take(happened);
        return transition.Finish();
    }

    /// <summary>The same state with other waits: a wait under way goes on, the next one is the first again.</summary>
    /// <param name="state">What the previous call returned.</param>
    /// <param name="settings">Differ by <see cref="PeerSettings.WithWaitsOf"/> at most.</param>
    public static PeerState WithWaitsOf(PeerState state, PeerSettings settings) =>
        settings == state.Settings
            ? state
            : state with
            {
                Settings = state.Settings.WithWaitsOf(settings),
                Outgoing = WithWaitsOf(state.Outgoing, settings),
                Incoming = WithWaitsOf(state.Incoming, settings),
                RetryWait = settings.RetryMinimum,
            };

    /// <summary>When <see cref="TimersDue"/> is owed; null: never.</summary>
    public static TimeSpan? NextDeadline(PeerState state) =>
        Deadline.Earliest(
            state.ConnectRetryTimer, Deadline.Earliest(state.Outgoing?.NextDeadline, state.Incoming?.NextDeadline));

    private static ConnectionState? WithWaitsOf(ConnectionState? connection, PeerSettings settings) =>
        connection is null ? null : connection with { Settings = connection.Settings.WithWaitsOf(settings) };
}

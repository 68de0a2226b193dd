using System.Diagnostics;
using AnycastVip.BgpSpeaker.Timing;
using AnycastVip.BgpSpeaker.Wire;
using Step = (
    AnycastVip.BgpSpeaker.Session.ConnectionState State,
    AnycastVip.BgpSpeaker.Wire.ValueList<AnycastVip.BgpSpeaker.Session.PeerAction> Actions);

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>
/// The state machine of one TCP connection (RFC 4271 section 8.2.2 from OpenSent on, RFC 6608, RFC 9687). Pure: each
/// call yields the next state and what to do, in order.
/// </summary>
/// <remarks>
/// An end is always <see cref="SessionDown"/> (if it was Established), then <see cref="SendNotification"/> (if one is
/// due), then <see cref="CloseConnection"/>: nothing but the close follows a NOTIFICATION. The hold timer counts from
/// the <c>now</c> of a message's event, which is when the message arrived at the socket.
/// </remarks>
public static class ConnectionFsm
{
    // RFC 4271 section 4.4: "KEEPALIVE messages MUST NOT be sent more frequently than one per second."
    private static readonly TimeSpan MinimumKeepaliveTime = TimeSpan.FromSeconds(1);

    // RFC 9687 section 6: the default is the greater of "8 minutes or 2 times the negotiated HoldTime".
    private static readonly TimeSpan MinimumSendHoldTime = TimeSpan.FromMinutes(8);

    /// <summary>Begins on a connection that TCP has just brought up, whoever dialled.</summary>
    public static Step Open(ConnectionId connection, PeerSettings settings, JitterSource jitter, TimeSpan now) =>
        (new OpenSent(connection, settings, jitter, now + settings.OpenHoldTime),
            [new SendOpen(connection, Negotiation.BuildOpen(settings))]);

    /// <summary>Takes one event; those of other connections must not come here.</summary>
    public static Step Next(ConnectionState state, PeerEvent happened, TimeSpan now) =>
        state switch
        {
            Closed => Stay(state),
            _ when OnAnyState(state, happened) is { } end => end,
            OpenSent openSent => OnOpenSent(openSent, happened, now),
            OpenConfirm openConfirm => OnOpenConfirm(openConfirm, happened, now),
            Established established => OnEstablished(established, happened, now),
            _ => throw new UnreachableException(),
        };

    /// <summary>Ends the connection with a NOTIFICATION of ours.</summary>
    /// <param name="state">Any state but <see cref="Closed"/>.</param>
    /// <param name="notification">What the peer is told.</param>
    /// <param name="reason">For people, in one line.</param>
    internal static Step Notify(ConnectionState state, Notification notification, string reason)
    {
        var connection = state.Connection;
        var isHardReset =
            state is Established { Session.GracefulNotification: true } && Cease.EndsForGood(notification);
        SendNotification send = new(connection, isHardReset ? Cease.HardReset(notification) : notification);
        CloseConnection close = new(connection, Flush: true);
        return (
            new Closed(connection, state.Settings, state.Jitter, reason, notification),
            state is Established ? [new SessionDown(connection, reason), send, close] : [send, close]);
    }

    private static Step Drop(ConnectionState state, Notification? received, string reason)
    {
        var connection = state.Connection;
        CloseConnection close = new(connection, Flush: false);
        return (
            new Closed(connection, state.Settings, state.Jitter, reason, received),
            state is Established ? [new SessionDown(connection, reason), close] : [close]);
    }

    private static Step Stay(ConnectionState state) => (state, []);

    // What ends a connection in every state alike; null for the rest.
    private static Step? OnAnyState(ConnectionState state, PeerEvent happened) =>
        happened switch
        {
            // RFC 4271 section 8.2.2, event 2: "sends the NOTIFICATION with a Cease".
            ManualStop stop =>
                Notify(state, Cease.AdministrativeShutdown(stop.Text), Reasons.AdministrativelyDown(stop.Text)),
            ManualReset reset => Notify(state, Cease.AdministrativeReset(reset.Text), Reasons.Reset(reset.Text)),
            AutomaticStop stop => Notify(state, stop.Reason, Reasons.Sent(stop.Reason)),
            BfdDown down => Notify(state, Cease.BfdDown, Reasons.BfdDown(down.Reason)),
            MessageError error => Notify(state, error.Reason, Reasons.Sent(error.Reason)),
            TcpConnectionFails fails => Drop(state, received: null, fails.Reason),
            // RFC 4271 section 6.4: an error in a NOTIFICATION cannot be reported by another, nor is one answered.
            NotifMsg message => Drop(state, message.Notification, Reasons.Received(message.Notification)),
            _ => null,
        };

    private static Step OnOpenSent(OpenSent state, PeerEvent happened, TimeSpan now) =>
        happened switch
        {
            BgpOpen message => OnOpen(state, message.Open, now),
            TimersDue when now >= state.HoldTimer => HoldTimerExpires(state, state.Settings.OpenHoldTime),
            KeepAliveMsg or UpdateMsg or RouteRefreshMsg =>
                Unexpected(state, FiniteStateMachineError.UnexpectedMessageInOpenSent, happened),
            _ => Stay(state),
        };

    private static Step OnOpen(OpenSent state, OpenMessage open, TimeSpan now)
    {
        var verdict = Negotiation.Judge(state.Settings, open);
        if (verdict is OpenRefused refused)
            return Notify(state, refused.Notification, refused.Reason);

        // RFC 4271 section 8.2.2: "sends a KEEPALIVE message", "sets the HoldTimer according to the negotiated value".
        // With zero the large value of OpenSent runs on: a peer that never confirms must not be waited for for ever.
        var session = ((OpenAccepted)verdict).Session;
        var holdTimer = session.HoldTime == TimeSpan.Zero ? state.HoldTimer : now + session.HoldTime;
        var keepaliveTimer = StartKeepaliveTimer(session, state.Jitter, now, out var jitter);
        return (
            new OpenConfirm(state.Connection, state.Settings, jitter, session, holdTimer, keepaliveTimer),
            [new SendKeepalive(state.Connection)]);
    }

    private static Step OnOpenConfirm(OpenConfirm state, PeerEvent happened, TimeSpan now) =>
        happened switch
        {
            KeepAliveMsg => Establish(state, now),
            TimersDue when now >= state.HoldTimer => HoldTimerExpires(
                state,
                state.Session.HoldTime == TimeSpan.Zero ? state.Settings.OpenHoldTime : state.Session.HoldTime),
            TimersDue when now >= state.KeepaliveTimer => (
                state with
                {
                    KeepaliveTimer = StartKeepaliveTimer(state.Session, state.Jitter, now, out var jitter),
                    Jitter = jitter,
                },
                [new SendKeepalive(state.Connection)]),
            BgpOpen or UpdateMsg or RouteRefreshMsg =>
                Unexpected(state, FiniteStateMachineError.UnexpectedMessageInOpenConfirm, happened),
            _ => Stay(state),
        };

    private static Step Establish(OpenConfirm state, TimeSpan now)
    {
        // RFC 9687 section 4.3, event 26: "starts the SendHoldTimer if the SendHoldTime is non-zero".
        var session = state.Session;
        return (
            new Established(
                state.Connection, state.Settings, state.Jitter, session, Since: now, StartHoldTimer(session, now),
                state.KeepaliveTimer, StartSendHoldTimer(state.Settings, session, now)),
            [new SessionUp(state.Connection, session)]);
    }

    private static Step OnEstablished(Established state, PeerEvent happened, TimeSpan now) =>
        happened switch
        {
            // RFC 4271 section 6.5 counts "KEEPALIVE, UPDATE, and/or NOTIFICATION messages": not ROUTE-REFRESH.
            KeepAliveMsg or UpdateMsg => Stay(state with { HoldTimer = StartHoldTimer(state.Session, now) }),
            BytesWritten =>
                Stay(state with { SendHoldTimer = StartSendHoldTimer(state.Settings, state.Session, now) }),
            // RFC 4271 section 8.2.2: "Each time the local system sends a KEEPALIVE or UPDATE message, it restarts its
            // KeepaliveTimer, unless the negotiated HoldTime value is zero."
            UpdateSent => Stay(RestartKeepaliveTimer(state, now)),
            TimersDue when now >= state.HoldTimer => HoldTimerExpires(state, state.Session.HoldTime),
            // RFC 9687 section 4.3, event 29: the NOTIFICATION is optional and must not delay the close; the shell
            // bounds the flush.
            TimersDue when now >= state.SendHoldTimer => Notify(
                state, new Notification(ErrorCode.SendHoldTimerExpired, 0),
                $"send hold timer expired: the peer took nothing for {Reasons.Seconds(SendHoldTime(state))}"),
            TimersDue when now >= state.KeepaliveTimer =>
                (RestartKeepaliveTimer(state, now), [new SendKeepalive(state.Connection)]),
            BgpOpen => Unexpected(state, FiniteStateMachineError.UnexpectedMessageInEstablished, happened),
            _ => Stay(state),
        };

    // RFC 4271 section 6.5: "the NOTIFICATION message with the Hold Timer Expired Error Code is sent".
    private static Step HoldTimerExpires(ConnectionState state, TimeSpan after) =>
        Notify(
            state, new Notification(ErrorCode.HoldTimerExpired, 0),
            $"hold timer expired after {Reasons.Seconds(after)} in {state.BgpState}");

    // RFC 6608 section 4: "The Data field is a 1-octet, unsigned integer that indicates the type of the unexpected
    // message."
    private static Step Unexpected(ConnectionState state, byte subcode, PeerEvent message)
    {
        var type = message switch
        {
            BgpOpen => MessageType.Open,
            UpdateMsg => MessageType.Update,
            KeepAliveMsg => MessageType.KeepAlive,
            RouteRefreshMsg => MessageType.RouteRefresh,
            _ => throw new UnreachableException(),
        };
        return Notify(
            state, new Notification(ErrorCode.FiniteStateMachine, subcode, [(byte)type]),
            $"unexpected {MessageDescriber.Name(type)} in {state.BgpState}");
    }

    private static Established RestartKeepaliveTimer(Established state, TimeSpan now) =>
        state with
        {
            KeepaliveTimer = StartKeepaliveTimer(state.Session, state.Jitter, now, out var jitter),
            Jitter = jitter,
        };

    // RFC 4271 section 4.4: "If the negotiated Hold Time interval is zero, then periodic KEEPALIVE messages MUST NOT be
    // sent."
    private static TimeSpan? StartKeepaliveTimer(
        NegotiatedSession session, JitterSource jitter, TimeSpan now, out JitterSource next)
    {
        var interval = jitter.Apply(session.KeepaliveTime, out next);
        return session.HoldTime == TimeSpan.Zero
            ? null
            : now + (interval < MinimumKeepaliveTime ? MinimumKeepaliveTime : interval);
    }

    private static TimeSpan? StartHoldTimer(NegotiatedSession session, TimeSpan now) =>
        session.HoldTime == TimeSpan.Zero ? null : now + session.HoldTime;

    // RFC 9687 section 4.3: stopped if "the SendHoldTime value is zero or the negotiated HoldTime value is zero".
    private static TimeSpan? StartSendHoldTimer(PeerSettings settings, NegotiatedSession session, TimeSpan now)
    {
        var time = SendHoldTime(settings, session);
        return time == TimeSpan.Zero || session.HoldTime == TimeSpan.Zero ? null : now + time;
    }

    private static TimeSpan SendHoldTime(Established state) => SendHoldTime(state.Settings, state.Session);

    private static TimeSpan SendHoldTime(PeerSettings settings, NegotiatedSession session)
    {
        var twice = 2 * session.HoldTime;
        return settings.SendHoldTime ?? (twice > MinimumSendHoldTime ? twice : MinimumSendHoldTime);
    }
}

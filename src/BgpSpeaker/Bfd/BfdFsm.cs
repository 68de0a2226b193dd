using System.Diagnostics;

namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>
/// The state machine of a BFD session in asynchronous mode, RFC 5880 section 6.8. Pure: each call yields the next state
/// of the session and what to do.
/// </summary>
/// <remarks>
/// <para><b>Time.</b> A session lives by when packets arrived, not by when somebody came to read them. The <c>now</c>
/// of <see cref="BfdEventKind.Received"/> is the kernel's time stamp of the packet, on the clock of all other events
/// and not later than the moment of reading. When a deadline has come, the shell first reads its socket until it is
/// empty and hands in every packet, in their order; only then it says <see cref="BfdEventKind.TimersDue"/>, with a
/// <c>now</c> that it took before it found the socket empty. However long the shell was held up, packets that arrived
/// in time have then moved the deadline, and the session stays Up. If the kernel had to drop packets because nobody
/// read, the shell says <see cref="BfdEventKind.PacketsLost"/>: before the packet whose SO_RXQ_OVFL count shows it, and
/// before TimersDue if SO_MEMINFO shows drops behind the last packet.</para>
/// <para>A silence that the time stamps prove is a failure even if packets came after it: a packet that arrived when
/// the Detection Time was over ends the session as the timer would have, and counts for nothing else; the remote
/// system repeats what it has to say.</para>
/// <para><b>Sending.</b> A change of the state, and a newly learned discriminator, go out at once (section 6.8.7); what
/// a Poll Sequence has to say waits for the next periodic packet (section 6.5). A late TimersDue sends one packet,
/// never those that were missed.</para>
/// <para><b>Choices.</b> A Poll Sequence starts while Up only: in other states changed intervals apply at once, so
/// that there is nothing to wait for. Settings that change during a Poll Sequence wait for its end.</para>
/// </remarks>
public static class BfdFsm
{
    // RFC 5880 section 6.8.3: while not Up, bfd.DesiredMinTxInterval is "not less than one second".
    private static readonly TimeSpan SlowInterval = TimeSpan.FromSeconds(1);

    /// <summary>A session in Down, whose first packet is due.</summary>
    /// <param name="settings">What the operator set.</param>
    /// <param name="localDiscr">From <see cref="BfdDemultiplexer.Add"/>.</param>
    /// <param name="seed">For all jitter of this session: different for each.</param>
    /// <param name="now">Since the shell's origin.</param>
    public static BfdSession Initial(BfdSettings settings, uint localDiscr, ulong seed, TimeSpan now) =>
        Advertise(new()
        {
            Settings = settings,
            SessionState = BfdState.Down,
            Since = now,
            RemoteSessionState = BfdState.Down,
            LocalDiscr = localDiscr,
            // Section 6.8.1: "This variable MUST be initialized to 1."
            RemoteMinRxInterval = TimeSpan.FromMicroseconds(1),
            LastSent = now,
            TransmitTimer = now,
            Jitter = new(seed),
        });

    /// <summary>Takes one event.</summary>
    /// <param name="session">What the previous call returned.</param>
    /// <param name="happened">The event.</param>
    /// <param name="now">When it happened, since the shell's origin; for packets, when they arrived.</param>
    public static (BfdSession Session, BfdActions Actions) Next(
        in BfdSession session, in BfdEvent happened, TimeSpan now)
    {
        var next = happened.Kind switch
        {
            BfdEventKind.TimersDue => Expire(session, now),
            BfdEventKind.Received => Receive(session, happened.Packet, now),
            BfdEventKind.PacketsLost => session with { LastReceived = now },
            BfdEventKind.Disable => Disable(session, now),
            BfdEventKind.Enable when session.SessionState == BfdState.AdminDown =>
                Enter(session, BfdState.Down, BfdDiagnostic.None) with { AdminDownUntil = null },
            BfdEventKind.Enable => session,
            BfdEventKind.Configure when happened.Settings is { } settings => session with { Settings = settings },
            _ => throw new UnreachableException(),
        };
        var isDue = happened.Kind == BfdEventKind.TimersDue && now >= session.TransmitTimer;
        // Not in AdminDown, which discards the packet, nor if the packet came too late to count.
        var answersPoll =
            happened.Packet.Poll && next.SessionState != BfdState.AdminDown && next.RemoteDiscr != 0;
        return Act(session, Advertise(next), isDue, answersPoll, now);
    }

    // Section 6.8.4; section 6.8.1 wants the remote discriminator forgotten in every state.
    private static BfdSession Expire(in BfdSession session, TimeSpan now)
    {
        if (!(now >= session.DetectionTimer))
            return session;
        var forgotten = session with { RemoteDiscr = 0 };
        return session.SessionState is BfdState.Init or BfdState.Up
            ? Enter(forgotten, BfdState.Down, BfdDiagnostic.ControlDetectionTimeExpired)
            : forgotten;
    }

    // Section 6.8.6, from where the packet has been accepted.
    private static BfdSession Receive(in BfdSession session, in BfdPacket packet, TimeSpan now)
    {
        var expired = Expire(session, now);
        if (expired.SessionState != session.SessionState)
            return expired;
        var next = session with
        {
            LastReceived = now,
            RemoteDiscr = packet.MyDiscriminator,
            RemoteSessionState = packet.State,
            RemoteDiag = packet.Diagnostic,
            RemoteDemandMode = packet.Demand,
            RemoteControlPlaneIndependent = packet.ControlPlaneIndependent,
            RemoteMinRxInterval = packet.RequiredMinRxInterval,
            RemoteDesiredMinTxInterval = packet.DesiredMinTxInterval,
            RemoteDetectMult = packet.DetectMult,
        };
        if (packet.Final)
        {
            // Without a Poll Sequence nothing is waiting, and this changes nothing.
            next = next with
            {
                IsPolling = false,
                EffectiveMinTxInterval = session.DesiredMinTxInterval,
                EffectiveMinRxInterval = session.RequiredMinRxInterval,
            };
        }
        return (session.SessionState, packet.State) switch
        {
            (BfdState.AdminDown, _) or (BfdState.Down, BfdState.AdminDown) => next,
            (_, BfdState.AdminDown) or (BfdState.Up, BfdState.Down) =>
                Enter(next, BfdState.Down, BfdDiagnostic.NeighborSignaledSessionDown),
            (BfdState.Down, BfdState.Down) => Enter(next, BfdState.Init, session.LocalDiag),
            (BfdState.Down, BfdState.Init) or (BfdState.Init, BfdState.Init or BfdState.Up) =>
                Enter(next, BfdState.Up, BfdDiagnostic.None),
            _ => next,
        };
    }

    // Section 6.8.16.
    private static BfdSession Disable(in BfdSession session, TimeSpan now) =>
        session.SessionState == BfdState.AdminDown
            ? session
            : Enter(session, BfdState.AdminDown, BfdDiagnostic.AdministrativelyDown) with
            {
                // With no remote system there is nobody who has to notice.
                AdminDownUntil =
                    session.RemoteDiscr == 0 ? now : now + (session.Settings.DetectMult * session.TransmitInterval),
            };

    // A Poll Sequence that was under way ends with its state: what it announced applies at once.
    private static BfdSession Enter(in BfdSession session, BfdState state, BfdDiagnostic diagnostic) =>
        session with { SessionState = state, LocalDiag = diagnostic, IsPolling = false };

    // Section 6.8.3: brings what our packets say in line with the settings and the state.
    private static BfdSession Advertise(in BfdSession session)
    {
        if (session.IsPolling)
            return session;
        var settings = session.Settings;
        var isUp = session.SessionState == BfdState.Up;
        var desiredMinTx = isUp || settings.DesiredMinTxInterval > SlowInterval
            ? settings.DesiredMinTxInterval
            : SlowInterval;
        var requiredMinRx = settings.RequiredMinRxInterval;
        var polls = isUp
            && (desiredMinTx != session.DesiredMinTxInterval || requiredMinRx != session.RequiredMinRxInterval);
        var keepsTx = polls && desiredMinTx > session.EffectiveMinTxInterval;
        var keepsRx = polls && requiredMinRx < session.EffectiveMinRxInterval;
        return session with
        {
            DesiredMinTxInterval = desiredMinTx,
            RequiredMinRxInterval = requiredMinRx,
            IsPolling = polls,
            EffectiveMinTxInterval = keepsTx ? session.EffectiveMinTxInterval : desiredMinTx,
            EffectiveMinRxInterval = keepsRx ? session.EffectiveMinRxInterval : requiredMinRx,
        };
    }

    private static (BfdSession Session, BfdActions Actions) Act(
        in BfdSession before, in BfdSession after, bool isDue, bool answersPoll, TimeSpan now)
    {
        var next = after;
        BfdStateChange? changed = null;
        if (after.SessionState != before.SessionState)
        {
            next = next with { Since = now };
            changed = new(before.SessionState, after.SessionState, after.RemoteSessionState, after.LocalDiag);
        }
        var isNews = changed is not null || (after.RemoteDiscr != 0 && after.RemoteDiscr != before.RemoteDiscr);
        if (isNews || isDue)
            next = StartTransmitTimer(next with { LastSent = now }, next.Settings.DetectMult == 1);
        // The remote system may still count with a Detect Mult of 1: it has not heard of another one.
        else if (IsPaceChanged(before, after))
            next = StartTransmitTimer(next, isEarly: true);
        BfdPacket? packet = isNews || isDue || answersPoll ? BuildPacket(next, answersPoll) : null;
        return (next, new(packet, changed));
    }

    // Section 6.8.3: a shorter interval counts at once, from the last packet.
    private static bool IsPaceChanged(in BfdSession before, in BfdSession after) =>
        before.IsPeriodic != after.IsPeriodic || before.TransmitInterval != after.TransmitInterval;

    // Section 6.8.7: 75–100 % of the interval; with a Detect Mult of 1 at most 90 %.
    private static BfdSession StartTransmitTimer(in BfdSession session, bool isEarly)
    {
        var most = isEarly ? 0.9 : 1;
        var interval = session.Jitter.Apply(session.TransmitInterval, out var jitter, most);
        return session with
        {
            TransmitTimer = session.IsPeriodic ? session.LastSent + interval : null,
            Jitter = jitter,
        };
    }

    // Section 6.8.7. An answer to a Poll must not be a Poll itself: ours waits for the next periodic packet.
    private static BfdPacket BuildPacket(in BfdSession session, bool isFinal) => new()
    {
        Diagnostic = session.LocalDiag,
        State = session.SessionState,
        Poll = session.IsPolling && !isFinal,
        Final = isFinal,
        DetectMult = session.Settings.DetectMult,
        MyDiscriminator = session.LocalDiscr,
        YourDiscriminator = session.RemoteDiscr,
        DesiredMinTxInterval = session.DesiredMinTxInterval,
        RequiredMinRxInterval = session.RequiredMinRxInterval,
    };
}

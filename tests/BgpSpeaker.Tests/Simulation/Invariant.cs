namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>What must hold at every step of every run.</summary>
internal enum Invariant
{
    /// <summary>An engine has at most one Established connection, and says so exactly once each way.</summary>
    OneEstablished,

    /// <summary>Nothing is announced that no live lease asks for, or that is outside the allow-list.</summary>
    OnlyLeased,

    /// <summary>What is announced is exactly what the leases ask for, at each moment that the table acts.</summary>
    LeasesExact,

    /// <summary>A lease that has run out acts within one tick of its timer.</summary>
    LeaseInTime,

    /// <summary>The desired set is on the wire unless the connection takes nothing, or the session ends.</summary>
    WrittenInTime,

    /// <summary>Nothing is written on a connection after a NOTIFICATION.</summary>
    SilentAfterNotification,

    /// <summary>Every message is one that a strict peer takes: the state's, well-formed, without any fault.</summary>
    BeyondReproach,

    /// <summary>Queues and buffers have bounds.</summary>
    Bounded,

    /// <summary>No deadline is left in the past, and no second of time takes unboundedly many events.</summary>
    NoSpin,

    /// <summary>No hold timer expires while octets that came before it wait unread.</summary>
    ReadsBeforeTimers,

    /// <summary>A session that both sides have is not lost while nothing is wrong.</summary>
    NoNeedlessReset,

    /// <summary>What a session has agreed on follows from both sides' settings.</summary>
    Negotiated,

    /// <summary>No session outlives BFD's verdict that the path failed.</summary>
    BfdEndsSession,

    /// <summary>In strict mode no session comes up before BFD is.</summary>
    StrictBfdFirst,

    /// <summary>A version that counts as acknowledged has arrived at the peer.</summary>
    AcknowledgedArrived,

    /// <summary>R and F say what has happened, and End-of-RIB waits for the clients of before a restart.</summary>
    GracefulRestart,

    /// <summary>Once faults stop, sessions come up and peers have exactly what is desired.</summary>
    Converges,
}

/// <summary>An invariant does not hold.</summary>
internal sealed class InvariantBroken(Invariant invariant, string message) : Exception($"{invariant}: {message}")
{
    public Invariant Invariant => invariant;
}

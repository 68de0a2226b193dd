namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>
/// A BFD Control packet, RFC 5880 section 4.1. Intervals are whole microseconds up to 2^32 − 1 (about 71 minutes).
/// </summary>
public readonly record struct BfdPacket
{
    /// <summary>Why the sender last changed its state.</summary>
    public BfdDiagnostic Diagnostic { get; init; }

    /// <summary>The sender's bfd.SessionState.</summary>
    public BfdState State { get; init; }

    /// <summary>P: the sender asks for a packet with <see cref="Final"/>.</summary>
    public bool Poll { get; init; }

    /// <summary>F: the answer to <see cref="Poll"/>; never set together with it.</summary>
    public bool Final { get; init; }

    /// <summary>C: the sender's BFD goes on when its control plane fails.</summary>
    public bool ControlPlaneIndependent { get; init; }

    /// <summary>What is used if the A bit is set; null if it is not.</summary>
    public BfdAuthenticationType? Authentication { get; init; }

    /// <summary>D: the sender wishes to hear nothing while the session is Up, but what a Poll Sequence needs.</summary>
    public bool Demand { get; init; }

    /// <summary>Detect Mult: so many intervals of silence are a failure; never zero.</summary>
    public byte DetectMult { get; init; }

    /// <summary>The sender's name for the session; never zero.</summary>
    public uint MyDiscriminator { get; init; }

    /// <summary>The receiver's name for the session as the sender knows it; zero if it does not.</summary>
    public uint YourDiscriminator { get; init; }

    /// <summary>The sender will not send more often.</summary>
    public TimeSpan DesiredMinTxInterval { get; init; }

    /// <summary>The sender cannot take packets more often; zero: it wants none.</summary>
    public TimeSpan RequiredMinRxInterval { get; init; }

    /// <summary>The sender cannot return echo packets more often; zero: it returns none.</summary>
    public TimeSpan RequiredMinEchoRxInterval { get; init; }
}

using AnycastVip.BgpSpeaker.Timing;

namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>
/// One session. The names are those of RFC 5880 section 6.8.1 without their "bfd."; times are since the shell's origin.
/// A value of some 200 octets, so that a machine that runs a thousand times a second allocates nothing.
/// </summary>
public readonly record struct BfdSession
{
    /// <summary>What the operator set; DetectMult is bfd.DetectMult.</summary>
    public required BfdSettings Settings { get; init; }

    /// <summary>The perceived state of the session.</summary>
    public BfdState SessionState { get; init; }

    /// <summary>When <see cref="SessionState"/> last changed.</summary>
    public TimeSpan Since { get; init; }

    /// <summary>The state that the remote system last reported.</summary>
    public BfdState RemoteSessionState { get; init; }

    /// <summary>Our name for the session.</summary>
    public uint LocalDiscr { get; init; }

    /// <summary>The remote system's name for it; zero: not known, or nothing came for a Detection Time.</summary>
    public uint RemoteDiscr { get; init; }

    /// <summary>Why the local state last changed.</summary>
    public BfdDiagnostic LocalDiag { get; init; }

    /// <summary>Why the remote state last changed, as the remote system says.</summary>
    public BfdDiagnostic RemoteDiag { get; init; }

    /// <summary>What our packets say; at least 1 s while not Up (section 6.8.3).</summary>
    public TimeSpan DesiredMinTxInterval { get; init; }

    /// <summary>What our packets say.</summary>
    public TimeSpan RequiredMinRxInterval { get; init; }

    /// <summary>The remote system's last Required Min RX Interval; zero: it wants no periodic packets.</summary>
    public TimeSpan RemoteMinRxInterval { get; init; }

    /// <summary>The remote system's last Desired Min TX Interval.</summary>
    public TimeSpan RemoteDesiredMinTxInterval { get; init; }

    /// <summary>The remote system's last Detect Mult.</summary>
    public byte RemoteDetectMult { get; init; }

    /// <summary>The remote system's last D bit.</summary>
    public bool RemoteDemandMode { get; init; }

    /// <summary>
    /// The remote system's last C bit: clear, and a failure during its graceful restart tells nothing about the path
    /// (RFC 5882 section 4.3.2).
    /// </summary>
    public bool RemoteControlPlaneIndependent { get; init; }

    /// <summary>A Poll Sequence is under way: periodic packets carry P until one with F comes (section 6.5).</summary>
    public bool IsPolling { get; init; }

    /// <summary>
    /// What the transmit interval counts with: <see cref="DesiredMinTxInterval"/>, or the lower value before it until
    /// the Poll Sequence has ended (section 6.8.3).
    /// </summary>
    public TimeSpan EffectiveMinTxInterval { get; init; }

    /// <summary>
    /// What the Detection Time counts with: <see cref="RequiredMinRxInterval"/>, or the higher value before it until
    /// the Poll Sequence has ended (section 6.8.3).
    /// </summary>
    public TimeSpan EffectiveMinRxInterval { get; init; }

    /// <summary>When the last packet was sent, answers to a Poll excepted.</summary>
    public TimeSpan LastSent { get; init; }

    /// <summary>When the last packet arrived.</summary>
    public TimeSpan LastReceived { get; init; }

    /// <summary>When the next periodic packet is due; null: none is.</summary>
    public TimeSpan? TransmitTimer { get; init; }

    /// <summary>
    /// In AdminDown: until when packets should say so, one Detection Time of the remote system (section 6.8.16). The
    /// shell may drop the session from then on.
    /// </summary>
    public TimeSpan? AdminDownUntil { get; init; }

    /// <summary>For the transmit interval.</summary>
    public JitterSource Jitter { get; init; }

    /// <summary>The interval of our packets before jitter (section 6.8.7).</summary>
    public TimeSpan TransmitInterval => Longer(EffectiveMinTxInterval, RemoteMinRxInterval);

    /// <summary>How long a silence the session survives (section 6.8.4, asynchronous mode).</summary>
    public TimeSpan DetectionTime => RemoteDetectMult * Longer(EffectiveMinRxInterval, RemoteDesiredMinTxInterval);

    /// <summary>When the Detection Time is over; null while no remote system is known.</summary>
    public TimeSpan? DetectionTimer => RemoteDiscr == 0 ? null : LastReceived + DetectionTime;

    /// <summary>When <see cref="BfdEventKind.TimersDue"/> is owed; null: never.</summary>
    public TimeSpan? NextDeadline => Deadline.Earliest(TransmitTimer, DetectionTimer);

    /// <summary>
    /// Whether packets go out by themselves (section 6.8.7): not to a system that takes none, and to one in Demand mode
    /// only during a Poll Sequence.
    /// </summary>
    internal bool IsPeriodic => RemoteMinRxInterval > TimeSpan.Zero && (!IsDemandModeActive || IsPolling);

    private bool IsDemandModeActive =>
        RemoteDemandMode && SessionState == BfdState.Up && RemoteSessionState == BfdState.Up;

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;
}

namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>What can happen to a session.</summary>
public enum BfdEventKind
{
    /// <summary>A deadline of the session has come, and the socket is empty: see <see cref="BfdFsm"/>.</summary>
    TimersDue,

    /// <summary>A packet for this session arrived.</summary>
    Received,

    /// <summary>
    /// The socket's buffer overflowed: packets arrived that nobody will see, so that silence proves nothing. Detection
    /// starts over.
    /// </summary>
    PacketsLost,

    /// <summary>The operator (or the end of the program) takes the session to AdminDown.</summary>
    Disable,

    /// <summary>The operator takes it out of AdminDown.</summary>
    Enable,

    /// <summary>The operator changed the session's settings.</summary>
    Configure,
}

/// <summary>An event; a value, so that none of them costs an allocation.</summary>
public readonly record struct BfdEvent
{
    private BfdEvent(BfdEventKind kind) => Kind = kind;

    /// <summary>A deadline of the session has come, and the socket is empty.</summary>
    public static BfdEvent TimersDue => new(BfdEventKind.TimersDue);

    /// <summary>Packets arrived and were lost in our own buffer.</summary>
    public static BfdEvent PacketsLost => new(BfdEventKind.PacketsLost);

    /// <summary>To AdminDown.</summary>
    public static BfdEvent Disable => new(BfdEventKind.Disable);

    /// <summary>Out of AdminDown.</summary>
    public static BfdEvent Enable => new(BfdEventKind.Enable);

    /// <summary>What happened.</summary>
    public BfdEventKind Kind { get; }

    /// <summary>Of <see cref="BfdEventKind.Received"/>.</summary>
    public BfdPacket Packet { get; private init; }

    /// <summary>Of <see cref="BfdEventKind.Configure"/>.</summary>
    public BfdSettings? Settings { get; private init; }

    /// <summary>A packet arrived that <see cref="BfdDemultiplexer"/> found this session for.</summary>
    public static BfdEvent Received(in BfdPacket packet) => new(BfdEventKind.Received) { Packet = packet };

    /// <summary>The settings are others from now on.</summary>
    public static BfdEvent Configure(BfdSettings settings) => new(BfdEventKind.Configure) { Settings = settings };
}

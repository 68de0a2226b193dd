namespace AnycastVip.Proxy.Engine;

/// <summary>What an attempt to reach a backend came to.</summary>
public enum ObservationKind
{
    /// <summary>The connection was established; <see cref="Observation.Latency"/> tells how fast.</summary>
    Connected,

    /// <summary>The backend's node answered the SYN with a RST.</summary>
    Refused,

    /// <summary>Established, and reset by the backend before it sent anything.</summary>
    Reset,

    /// <summary>Not established within the pool's connect time-out.</summary>
    TimedOut,

    /// <summary>No route, network down, or another error of the network.</summary>
    Unreachable,

    /// <summary>This node lacked a descriptor, port or memory: it says nothing about the backend.</summary>
    Local,
}

/// <summary>What the data path saw of one backend.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Pool">The backend's pool.</param>
/// <param name="Backend">Its name in the pool.</param>
/// <param name="Generation">The backend's generation when the attempt was begun.</param>
/// <param name="Timestamp">When, as a timestamp of the engine's clock.</param>
/// <param name="Latency">Since the attempt was begun; of a reset since the client last sent.</param>
/// <param name="Errno">The kernel's error number; 0 if there was none.</param>
public readonly record struct Observation(
    ObservationKind Kind, string Pool, string Backend, ulong Generation, long Timestamp, TimeSpan Latency, int Errno);

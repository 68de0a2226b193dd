namespace AnycastVip.HealthGate.Runtime;

/// <summary>Where the gate runs and what it meets there.</summary>
public sealed record GateRuntimeOptions
{
    /// <summary>The proxy's Unix socket.</summary>
    public required string ProxySocket { get; init; }

    /// <summary>The speaker's Unix socket.</summary>
    public required string SpeakerSocket { get; init; }

    /// <summary>An existing directory, which no other process uses: drains and events outlive this one there.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>
    /// Time since boot, suspend included, as timestamps, and the wall clock. The time at the start is the gate's epoch:
    /// it grows with every start.
    /// </summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>The interface that holds the VIP addresses.</summary>
    public string InterfaceName { get; init; } = "lo";

    /// <summary>Checks that run at once, from 1.</summary>
    public int ChecksAtOnce { get; init; } = 256;
}

namespace AnycastVip.Proxy.Balancing;

/// <summary>A backend as one table has it, and the count of its connections, which outlives tables.</summary>
internal sealed record Backend(BackendSpec Spec, ushort Slot, Gauge Connections)
{
    /// <summary>Whether it may be given a connection that failed on the backends in <paramref name="tried"/>.</summary>
    public bool IsEligible(ReadOnlySpan<ushort> tried) =>
        Spec is { State: BackendState.Up, Weight: > 0 }
        && (Spec.MaxConnections == 0 || Connections.Value < Spec.MaxConnections)
        && !tried.Contains(Slot);
}

/// <summary>Chooses among backends. Not safe for two threads at once: the pool sees to that.</summary>
internal interface IPicker
{
    /// <summary>The index of the chosen backend; -1 when none is eligible.</summary>
    int Pick(ReadOnlySpan<Backend> backends, ReadOnlySpan<ushort> tried);
}

/// <summary>
/// A pool as one table has it. Its choices are exact over all loops: choosing and counting happen under one lock, held
/// for one pass over the backends.
/// </summary>
internal sealed class Pool(PoolSpec spec, Backend[] backends)
{
    private readonly Lock _lock = new();

    private readonly IPicker _picker = spec.Balance switch
    {
        BalanceAlgorithm.RoundRobin => new WeightedRoundRobin(backends.Length),
        BalanceAlgorithm.LeastConnections => new WeightedLeastConnections(),
        _ => throw new ArgumentOutOfRangeException(nameof(spec), spec.Balance, "no such algorithm"),
    };

    public PoolSpec Spec => spec;

    /// <summary>Chooses a backend and counts a connection on it; null when none is eligible.</summary>
    /// <param name="tried">Slots of the backends on which this connection has failed already.</param>
    public Backend? Reserve(ReadOnlySpan<ushort> tried)
    {
        lock (_lock)
        {
            while (true)
            {
                var index = _picker.Pick(backends, tried);
                if (index < 0)
                    return null;
                // Another table's pool may fill the same backend in the meantime: then it is no longer eligible.
                var backend = backends[index];
                if (backend.Connections.TryReserve(backend.Spec.MaxConnections))
                    return backend;
            }
        }
    }
}

namespace AnycastVip.Proxy.Balancing;

/// <summary>A backend as one table has it, and the count of its connections, which outlives tables.</summary>
internal sealed class Backend(BackendSpec spec, ushort slot, Gauge connections)
{
    public BackendSpec Spec => spec;

    public ushort Slot => slot;

    public Gauge Connections => connections;

    /// <summary>When the gate took it up under its present generation.</summary>
    public TimeSpan TakenUpAt { get; init; }

    /// <summary>Changed and read under the pool's lock.</summary>
    public Ejection Ejection { get; set; }

    /// <summary>Changed and read under the pool's lock; measured only where the algorithm goes by it.</summary>
    public ResponseTime ResponseTime { get; set; }

    public ulong NameHash { get; } = Hashing.OfName(spec.Name);

    /// <summary>Whether the table gives it connections at all.</summary>
    public bool Serves => spec is { State: BackendState.Up, Weight: > 0 };

    /// <summary>Its share beside the others, in units of <see cref="SlowStart.Unit"/>.</summary>
    public long ShareAt(TimeSpan now) => SlowStart.ShareOf(spec.Weight, spec.SlowStart, now - TakenUpAt);

    /// <summary>Whether it may be given the connection.</summary>
    public bool IsEligible(Turn turn) =>
        Serves
        && spec.IsBackup == turn.Backups
        && (spec.MaxConnections == 0 || connections.Value < spec.MaxConnections)
        && (turn.EvenEjected || !Ejection.IsInForce(turn.Now))
        && !turn.Tried.Contains(slot);
}

/// <summary>For what a backend is chosen.</summary>
/// <param name="tried">Slots of the backends on which this connection has failed already.</param>
/// <param name="now">The time.</param>
/// <param name="evenEjected">Whether one will do that is ejected.</param>
/// <param name="backups">Whether it is among the backups that one is chosen.</param>
/// <param name="source">Where the client is.</param>
internal readonly ref struct Turn(
    ReadOnlySpan<ushort> tried, TimeSpan now, bool evenEjected, bool backups, SourceAddress source)
{
    public ReadOnlySpan<ushort> Tried { get; } = tried;

    public TimeSpan Now => now;

    public bool EvenEjected => evenEjected;

    public bool Backups => backups;

    public SourceAddress Source { get; } = source;
}

/// <summary>Chooses among backends. Not safe for two threads at once: the pool sees to that.</summary>
internal interface IPicker
{
    /// <summary>The index of the chosen backend; -1 when none is eligible.</summary>
    int Pick(ReadOnlySpan<Backend> backends, Turn turn);
}

/// <summary>
/// A pool as one table has it. Its choices are exact over all loops: choosing and counting happen under one lock, held
/// for one pass over the backends.
/// </summary>
internal sealed partial class Pool
{
    private readonly Lock _lock = new();
    private readonly PoolSpec _spec;
    private readonly Backend[] _backends;
    private readonly IPicker _picker;
    private bool _ejects;

    /// <param name="spec">What the table says.</param>
    /// <param name="backends">Those of the specification, in its order.</param>
    /// <param name="seed">For what is left to chance.</param>
    /// <param name="predecessor">The pool of this name in the table before: what it has learned goes on.</param>
    public Pool(PoolSpec spec, Backend[] backends, ulong seed = 0, Pool? predecessor = null)
    {
        _spec = spec;
        _backends = backends;
        _picker = PickerFor(spec.Balance, backends, seed, predecessor?._picker);
        _sources = SourcesFor(seed, predecessor);
        if (predecessor is not null)
            InheritResponseTimes(predecessor);
    }

    public PoolSpec Spec => _spec;

    /// <summary>Those that wait for its backends, also since earlier tables.</summary>
    public PoolQueue Queue { get; init; } = new();

    /// <summary>Whether backends are ejected for failures. To end it ends every ejection.</summary>
    public bool Ejects
    {
        get => Volatile.Read(ref _ejects);
        set
        {
            lock (_lock)
            {
                Volatile.Write(ref _ejects, value);
                if (value)
                    return;
                foreach (var backend in _backends)
                    backend.Ejection = default;
            }
        }
    }

    /// <summary>Chooses a backend and counts a connection on it; null when none is eligible.</summary>
    /// <param name="tried">Slots of the backends on which this connection has failed already.</param>
    /// <param name="now">The time.</param>
    /// <param name="backupsFirst">Whether a backup is preferred: others have failed often enough.</param>
    /// <param name="source">Where the client is.</param>
    public Backend? Reserve(
        ReadOnlySpan<ushort> tried, TimeSpan now, bool backupsFirst = false, SourceAddress source = default)
    {
        lock (_lock)
        {
            if (ReserveLast(new(tried, now, evenEjected: false, backupsFirst, source)) is { } last)
                return last;
            while (true)
            {
                var index = Pick(tried, now, backupsFirst, source);
                if (index < 0)
                    return null;
                // Another table's pool may fill the same backend in the meantime: then it is no longer eligible.
                var backend = _backends[index];
                if (!backend.Connections.TryReserve(backend.Spec.MaxConnections))
                    continue;
                _sources?.Remember(source, backend.Slot, now);
                return backend;
            }
        }
    }

    /// <summary>Whether there is a backend that serves, full or not, besides those that were tried.</summary>
    public bool ServesBesides(ReadOnlySpan<ushort> tried)
    {
        foreach (var backend in _backends)
        {
            if (backend.Serves && !tried.Contains(backend.Slot))
                return true;
        }
        return false;
    }

    /// <summary>Notes how an attempt on a backend ended.</summary>
    public void Report(ushort slot, bool succeeded, TimeSpan now)
    {
        if (!Ejects)
            return;
        lock (_lock)
        {
            if (!_ejects || Find(slot) is not { } backend)
                return;
            backend.Ejection = succeeded
                ? default
                : backend.Ejection.AfterFailure(now, AllowsOneMore(now));
        }
    }

    /// <summary>Notes how long a backend took for its part of a response.</summary>
    public void Measure(ushort slot, ResponsePart part, TimeSpan time, TimeSpan now)
    {
        if (_spec.Balance != BalanceAlgorithm.LeastResponseTime)
            return;
        lock (_lock)
        {
            if (Find(slot) is { } backend)
                backend.ResponseTime = backend.ResponseTime.With(part, time, now);
        }
    }

    /// <summary>For how much longer a backend is ejected; null: it is not.</summary>
    public TimeSpan? EjectedFor(ushort slot, TimeSpan now)
    {
        if (!Ejects)
            return null;
        lock (_lock)
        {
            return Find(slot) is { } backend && backend.Ejection.IsInForce(now) ? backend.Ejection.Until - now : null;
        }
    }

    // An ejected backend may be back; turning the client away helps nobody.
    private int Pick(ReadOnlySpan<ushort> tried, TimeSpan now, bool backupsFirst, SourceAddress source)
    {
        var index = Pick(tried, now, evenEjected: false, backupsFirst, source);
        return index >= 0 ? index : Pick(tried, now, evenEjected: true, backupsFirst, source);
    }

    private int Pick(
        ReadOnlySpan<ushort> tried, TimeSpan now, bool evenEjected, bool backupsFirst, SourceAddress source)
    {
        var index = _picker.Pick(_backends, new(tried, now, evenEjected, backups: backupsFirst, source));
        return index >= 0
            ? index
            : _picker.Pick(_backends, new(tried, now, evenEjected, backups: !backupsFirst, source));
    }

    private static IPicker PickerFor(
        BalanceAlgorithm algorithm, Backend[] backends, ulong seed, IPicker? predecessor) =>
        algorithm switch
        {
            BalanceAlgorithm.RoundRobin => new WeightedRoundRobin(backends.Length),
            BalanceAlgorithm.LeastConnections => new WeightedLeastConnections(),
            BalanceAlgorithm.LeastResponseTime => new LeastResponseTime(),
            BalanceAlgorithm.Random => new RandomOfTwo(backends, seed),
            BalanceAlgorithm.SourceHash => new Rendezvous(),
            BalanceAlgorithm.Maglev => new Maglev(MaglevTable.Of(backends, (predecessor as Maglev)?.Table)),
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "no such algorithm"),
        };

    // A backend that was taken up anew may be another machine: it is measured again.
    private void InheritResponseTimes(Pool predecessor)
    {
        var known = predecessor._backends.ToDictionary(backend => (backend.Spec.Name, backend.Spec.Generation));
        lock (predecessor._lock)
        {
            foreach (var backend in _backends)
            {
                if (known.TryGetValue((backend.Spec.Name, backend.Spec.Generation), out var before))
                    backend.ResponseTime = before.ResponseTime;
            }
        }
    }

    // Loops, not queries: these run on the data path, where nothing is allocated.
    private Backend? Find(ushort slot)
    {
        foreach (var backend in _backends)
        {
            if (backend.Slot == slot)
                return backend;
        }
        return null;
    }

    private bool AllowsOneMore(TimeSpan now)
    {
        var (serving, ejected) = (0, 0);
        foreach (var backend in _backends)
        {
            if (!backend.Serves)
                continue;
            serving++;
            if (backend.Ejection.IsInForce(now))
                ejected++;
        }
        return Ejection.AllowsOneMore(ejected, serving);
    }
}

using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine.Kernel;
using AnycastVip.Proxy.Limits;

namespace AnycastVip.Proxy.Engine;

/// <summary>What an engine is told at start.</summary>
public sealed record ProxyEngineOptions
{
    /// <summary>Threads that carry connections, 1–256. Usually one per core.</summary>
    public int Loops { get; init; } = Math.Min(Environment.ProcessorCount, ProxyEngine.MaximumLoops);

    /// <summary>Room for observations that nobody has read yet: a power of two.</summary>
    public int ObservationCapacity { get; init; } = 16 * 1024;

    /// <summary>
    /// How long a call waits for the loops before it fails. A loop in health answers within milliseconds; one that
    /// hangs must not hang its callers.
    /// </summary>
    public TimeSpan LoopPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The interface of the kernel that the loops use.</summary>
    public TransportKind Transport { get; init; }

    /// <summary>What is left to chance comes from this number.</summary>
    public ulong Seed { get; init; } = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>Where time comes from.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// Carries TCP connections from listeners to backends, as a table says. It keeps the last table for as long as it is
/// given no other. All methods may be called from any thread.
/// </summary>
public sealed partial class ProxyEngine : IDisposable
{
    /// <summary>The most loops.</summary>
    public const int MaximumLoops = 256;

    private const int MaximumDescriptors = 1 << 20;
    private static readonly Pool NoPool = new(new() { Name = "" }, []);

    private readonly Lock _lock = new();
    private readonly TimeSpan _loopPatience;
    private readonly Shared _shared;
    private readonly LoopWorker[] _workers;
    private readonly EventLoop[] _loops;
    private readonly Dictionary<IPEndPoint, ListenerEntry> _listeners = [];
    private readonly Dictionary<(string Pool, string Name), BackendEntry> _backends = [];
    private readonly List<ListenerEntry> _retiredListeners = [];
    private Dictionary<string, Pool> _pools = [];
    private bool _ejects = true;
    private ulong _nextSeed;
    private ulong _revision;
    private bool _isRunning;

    /// <summary>Makes an engine that does nothing before <see cref="Start"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">This node does not allow what an option asks for.</exception>
    public ProxyEngine(ProxyEngineOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.Loops, Math.Clamp(options.Loops, 1, MaximumLoops));
        ArgumentOutOfRangeException.ThrowIfNotEqual(int.IsPow2(options.ObservationCapacity), true);
        _loopPatience = options.LoopPatience;
        _nextSeed = options.Seed;
        var descriptors = (int)Math.Min(Libc.OpenFilesLimit(), MaximumDescriptors);
        _shared = new(descriptors, options.ObservationCapacity, options.Clock)
        {
            Loops = options.Loops,
            Transport = options.Transport,
        };
        _workers = new LoopWorker[options.Loops];
        _loops = new EventLoop[options.Loops];
        for (var i = 0; i < options.Loops; i++)
        {
            var index = i;
            _loops[i] = new($"proxy-loop-{i}", options.Clock, loop =>
                _workers[index] = new(index, _shared, loop));
        }
    }

    /// <summary>What the data path saw of the backends.</summary>
    public ObservationQueue Observations => _shared.Observations;

    /// <summary>What carries connections, and why it is not io_uring where that was tried; one line.</summary>
    public string TransportText =>
        _workers.FirstOrDefault(worker => worker.TransportReason.Length > 0) is { } worker
            ? $"{Transports.NameOf(worker.TransportKind)} ({worker.TransportReason})"
            : Transports.NameOf(_workers[0].TransportKind);

    /// <summary>Starts the loops. Once only.</summary>
    public void Start()
    {
        lock (_lock)
        {
            foreach (var loop in _loops)
                loop.Start();
            Volatile.Write(ref _isRunning, true);
        }
    }

    /// <summary>
    /// Puts a table in force and returns when every loop follows it. What did not change is not touched: a listener
    /// stays open, a connection stays where it is, also on a backend that drains, is down or has gone from the table.
    /// </summary>
    /// <exception cref="ArgumentException">The table breaks a rule; the one before it stays in force.</exception>
    /// <exception cref="InvalidOperationException">The engine does not run.</exception>
    /// <exception cref="TimeoutException">A loop does not answer: it will follow the table once it turns
    /// again.</exception>
    public TableResult ApplyTable(ProxyTable table)
    {
        if (table.FindFault() is { } fault)
            throw new ArgumentException(fault, nameof(table));
        lock (_lock)
        {
            if (!_isRunning)
                throw NotRunning();
            _shared.MaxConnections = table.MaxConnections;
            ApplyPools(table.Pools);
            var refused = ApplyListeners(table.Listeners);
            // There may be room now where there was none.
            foreach (var pool in _pools.Values)
                _shared.Admit(pool.Queue);
            FreeBackends(table.Pools);
            _revision = table.Revision;
            return new(table.Revision, refused);
        }
    }

    /// <summary>
    /// Whether backends that fail several times in a row are passed over for a while. True from the start; whoever
    /// decides by himself which backends serve ends it, and with it every ejection.
    /// </summary>
    public bool Ejects
    {
        get => Volatile.Read(ref _ejects);
        set
        {
            lock (_lock)
            {
                Volatile.Write(ref _ejects, value);
                foreach (var pool in _pools.Values)
                    pool.Ejects = value;
            }
        }
    }

    /// <summary>Counters and open connections.</summary>
    public ProxySnapshot Snapshot()
    {
        lock (_lock)
        {
            return new(
                _revision,
                _shared.Connections.Value,
                _shared.MaxConnections,
                _shared.Observations.Dropped,
                [.. _listeners.Values.Select(SnapshotOf)],
                [.. _backends.Values.Where(entry => !entry.IsUnused || entry.Connections.Value > 0)
                    .Select(SnapshotOf)],
                [.. _loops.Zip(_workers, (loop, worker) => new LoopSnapshot(
                    worker.Index, loop.Turns, loop.LongestTurn, worker.Connections, worker.TransportKind))]);
        }
    }

    /// <summary>
    /// Asks every loop for a sign of life. Ends when all have given it: not before a loop that hangs turns again, and
    /// never when the engine does not run.
    /// </summary>
    public Task TurnAsync() => Volatile.Read(ref _isRunning)
        ? PostToEveryLoop(_ => { })
        : new TaskCompletionSource().Task;

    /// <summary>
    /// Accepts no more, lets open connections end by themselves, resets those that are left, and ends the loops.
    /// Later calls do nothing.
    /// </summary>
    /// <param name="bound">How long connections may go on.</param>
    /// <returns>How many were reset.</returns>
    public int Stop(TimeSpan bound)
    {
        lock (_lock)
        {
            if (!_isRunning)
                return 0;
            Volatile.Write(ref _isRunning, false);
            PostToEveryLoop(worker => worker.Stop(bound));
            _listeners.Clear();
        }
        // Without the lock: snapshots show how it goes on.
        Join();
        _shared.Observations.Wake();
        return _workers.Sum(worker => worker.ResetAtStop);
    }

    /// <summary>Stops at once, and frees the memory of connections.</summary>
    public void Dispose()
    {
        Stop(TimeSpan.Zero);
        // Another thread's Stop may still be waiting for them.
        Join();
        foreach (var loop in _loops)
            loop.Dispose();
        _shared.Dispose();
    }

    /// <summary>Runs an action on each loop's thread, and returns when all have run it.</summary>
    /// <exception cref="TimeoutException">A loop does not answer. It runs the action once it turns again.</exception>
    internal void OnEveryLoop(Action<LoopWorker> action)
    {
        if (!PostToEveryLoop(action).Wait(_loopPatience))
            throw new TimeoutException(
                $"a loop of the proxy has not turned for {_loopPatience.TotalSeconds} s: it hangs or is starved");
    }

    private static InvalidOperationException NotRunning() => new("the engine does not run");

    private Task PostToEveryLoop(Action<LoopWorker> action)
    {
        var left = _loops.Length;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var i = 0; i < _loops.Length; i++)
        {
            var worker = _workers[i];
            _loops[i].Post(() =>
            {
                action(worker);
                if (Interlocked.Decrement(ref left) == 0)
                    done.SetResult();
            });
        }
        return done.Task;
    }

    private void Join()
    {
        foreach (var loop in _loops)
            loop.Join();
    }

    private void ApplyPools(ImmutableArray<PoolSpec> specs)
    {
        // A pool that did not change keeps its place in the round.
        _pools = specs.ToDictionary(
            spec => spec.Name,
            spec => _pools.GetValueOrDefault(spec.Name) is { } pool && pool.Spec == spec ? pool : PoolOf(spec));
    }

    private Pool PoolOf(PoolSpec spec)
    {
        var predecessor = _pools.GetValueOrDefault(spec.Name);
        var queue = predecessor?.Queue ?? new();
        var backends = spec.Backends.Select(backend => BackendOf(spec, backend, queue)).ToArray();
        var pool = new Pool(spec, backends, _nextSeed++, predecessor) { Queue = queue, Ejects = _ejects };
        ImportSources(pool);
        return queue.Pool = pool;
    }

    private Backend BackendOf(PoolSpec pool, BackendSpec spec, PoolQueue queue)
    {
        var isKnown = _backends.TryGetValue((pool.Name, spec.Name), out var entry);
        if (entry is null)
        {
            entry = _shared.Backends.Add(slot => new(slot, pool.Name, spec.Name) { Traffic = new(_loops.Length) });
            _backends.Add((pool.Name, spec.Name), entry);
        }
        if (!isKnown || entry.IsUnused || entry.Generation != spec.Generation)
            (entry.Generation, entry.TakenUpAt) = (spec.Generation, _shared.Now);
        entry.Queue = queue;
        return new(spec, entry.Slot, entry.Connections) { TakenUpAt = entry.TakenUpAt };
    }

    private ImmutableArray<RefusedListener> ApplyListeners(ImmutableArray<ListenerSpec> specs)
    {
        var refused = ImmutableArray.CreateBuilder<RefusedListener>();
        var opened = new List<ListenerEntry>();
        foreach (var spec in specs)
        {
            var route = new Route(spec, _pools[spec.Pool])
            {
                Sni = spec.Sni is { } routes ? new(routes, _pools) : null,
            };
            if (_listeners.TryGetValue(spec.Endpoint, out var entry))
                entry.Route = route;
            else if (OpenSockets(spec.Endpoint, out var reason) is { } sockets)
            {
                entry = _shared.Listeners.Add(slot => new(slot, spec.Endpoint, route, _loops.Length)
                {
                    Sockets = sockets,
                });
                _listeners.Add(spec.Endpoint, entry);
                opened.Add(entry);
            }
            else
            {
                refused.Add(new(spec.Endpoint, reason));
                continue;
            }
            SocketTuning.Tune(entry.Sockets, spec);
            entry.Sources = SourceTable.For(spec.PerSource, entry.Sources);
        }
        var endpoints = specs.Select(spec => spec.Endpoint).ToHashSet();
        var closed = _listeners.Values.Where(entry => !endpoints.Contains(entry.Endpoint)).ToList();
        closed.ForEach(entry => _listeners.Remove(entry.Endpoint));
        try
        {
            OnEveryLoop(worker =>
            {
                opened.ForEach(worker.AddListener);
                closed.ForEach(worker.RemoveListener);
            });
            FreeListeners();
        }
        finally
        {
            // Its last connections find no further backend: those of the old pool may be gone by then.
            closed.ForEach(entry => entry.Route = entry.Route with { Pool = NoPool, Sni = null });
            _retiredListeners.AddRange(closed);
        }
        return refused.ToImmutable();
    }

    // Numbers are given away again one table later, when every loop has turned since it could last have read them.
    private void FreeListeners()
    {
        var free = _retiredListeners.Where(entry => entry.IsFree).ToList();
        foreach (var entry in free)
        {
            _shared.Listeners.Remove(entry.Slot);
            var name = (entry.Route.Listener.Vip, entry.Route.Listener.Pool);
            _acceptedBefore[name] = _acceptedBefore.GetValueOrDefault(name) + entry.Clients.Traffic.Connections;
        }
        _retiredListeners.RemoveAll(free.Contains);
    }

    private void FreeBackends(ImmutableArray<PoolSpec> specs)
    {
        var used = specs.SelectMany(spec => spec.Backends.Select(backend => (spec.Name, backend.Name))).ToHashSet();
        foreach (var (name, entry) in _backends.ToList())
        {
            var wasUnused = entry.IsUnused;
            entry.IsUnused = !used.Contains(name);
            if (!wasUnused || !entry.IsUnused || entry.Connections.Value > 0)
                continue;
            _backends.Remove(name);
            _shared.Backends.Remove(entry.Slot);
        }
    }

    private ListenerSnapshot SnapshotOf(ListenerEntry entry) => new(
        entry.Endpoint,
        entry.Clients.Connections.Value,
        entry.Clients.Traffic.Connections,
        entry.Local.Traffic.Connections,
        Volatile.Read(ref entry.Clients.NoBackend),
        Volatile.Read(ref entry.AcceptErrors),
        Volatile.Read(ref entry.Clients.IdleTimeouts),
        entry.Sockets.Sum(socket => (long)Libc.ListenDrops(socket)),
        entry.Clients.Traffic.OctetsFromClients,
        entry.Clients.Traffic.OctetsToClients,
        Volatile.Read(ref entry.Paused) > 0)
    {
        StarvedFor = entry.StarvedFor(_shared.Now),
        SourceLimited = Volatile.Read(ref entry.Clients.SourceLimited),
        SourcesRefused = Volatile.Read(ref entry.Clients.SourcesRefused),
        Unrouted = Volatile.Read(ref entry.Clients.Unrouted),
        PrologueFaults = Volatile.Read(ref entry.Clients.PrologueFaults),
        PrologueTimeouts = Volatile.Read(ref entry.Clients.PrologueTimeouts),
        FirstOctetTimeouts = Volatile.Read(ref entry.Clients.FirstOctetTimeouts),
        HalfClosedTimeouts = Volatile.Read(ref entry.Clients.HalfClosedTimeouts),
        TotalTimeouts = Volatile.Read(ref entry.Clients.TotalTimeouts),
        Queued = (int)Volatile.Read(ref entry.Clients.Queued),
        QueueTimeouts = Volatile.Read(ref entry.Clients.QueueTimeouts),
        QueueOverflows = Volatile.Read(ref entry.Clients.QueueOverflows),
    };

    private BackendSnapshot SnapshotOf(BackendEntry entry) => new(
        entry.Pool,
        entry.Name,
        entry.Connections.Value,
        entry.Traffic.Connections,
        Volatile.Read(ref entry.Refused),
        Volatile.Read(ref entry.Reset),
        Volatile.Read(ref entry.TimedOut),
        Volatile.Read(ref entry.Unreachable),
        Volatile.Read(ref entry.Local),
        Volatile.Read(ref entry.Retries),
        entry.Traffic.OctetsToClients,
        entry.Traffic.OctetsFromClients,
        _pools.GetValueOrDefault(entry.Pool)?.EjectedFor(entry.Slot, _shared.Now));
}

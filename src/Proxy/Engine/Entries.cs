using System.Net;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine.Kernel;
using AnycastVip.Proxy.Limits;

namespace AnycastVip.Proxy.Engine;

/// <summary>What a listener does with a connection; replaced whole by a new table.</summary>
internal sealed record Route(ListenerSpec Listener, Pool Pool)
{
    /// <summary>From where a header of the PROXY protocol is taken.</summary>
    public Networks Proxies { get; } = new(Listener.ProxyProtocol?.From ?? []);

    /// <summary>Null: every connection goes to <see cref="Pool"/>.</summary>
    public SniPools? Sni { get; init; }

    /// <summary>Whether the client must say something before a backend is chosen.</summary>
    public bool HasPrologue => Listener.ProxyProtocol is not null || Sni is not null;
}

/// <summary>A listener over all tables that have it: its counters, and what it does at present.</summary>
internal sealed class ListenerEntry(ushort slot, IPEndPoint endpoint, Route route, int loops)
{
    private Route _route = route;
    private SourceTable? _sources;
    private int _starved;
    private long _starvedSince;

    public ushort Slot => slot;

    public IPEndPoint Endpoint => endpoint;

    public Route Route
    {
        get => Volatile.Read(ref _route);
        set => Volatile.Write(ref _route, value);
    }

    /// <summary>What each source takes; null: there is no limit to it.</summary>
    public SourceTable? Sources
    {
        get => Volatile.Read(ref _sources);
        set => Volatile.Write(ref _sources, value);
    }

    /// <summary>
    /// The listening sockets: one for each loop as a rule, but those that came from another process are as many as that
    /// had loops.
    /// </summary>
    public int[] Sockets { get; set; } = [];

    /// <summary>The address on which it listens.</summary>
    public SocketName Name { get; } = SocketName.Of(endpoint);

    /// <summary>Those connections that come from elsewhere.</summary>
    public ListenerCounts Clients { get; } = new(loops);

    /// <summary>Those whose source is the listener's own address: only this node can send from it.</summary>
    public ListenerCounts Local { get; } = new(loops);

    /// <summary>Whether no connection names its number.</summary>
    public bool IsFree => Clients.Connections.Value == 0 && Local.Connections.Value == 0;

    public long AcceptErrors;

    /// <summary>How many loops leave connections in the backlog because of a limit or a shortage.</summary>
    public int Paused;

    /// <summary>Stands for the backend of connections that have none yet.</summary>
    public BackendEntry NoBackendYet { get; } = new(0, route.Listener.Pool, "");

    /// <summary>Those on which one loop of so many accepts.</summary>
    public IEnumerable<int> SocketsOf(int loop, int loops) => Sockets.Where((_, index) => index % loops == loop);

    /// <summary>A loop begins to lack what accepting needs, or has it again.</summary>
    public void NoteStarved(bool starved, TimeSpan now)
    {
        if (Interlocked.Add(ref _starved, starved ? 1 : -1) == 1 && starved)
            Volatile.Write(ref _starvedSince, now.Ticks);
    }

    /// <summary>For how long a loop has not been able to accept; null: each can.</summary>
    public TimeSpan? StarvedFor(TimeSpan now) =>
        Volatile.Read(ref _starved) > 0 ? now - TimeSpan.FromTicks(Volatile.Read(ref _starvedSince)) : null;

    public ListenerCounts CountsOf(in Connection connection) => connection.IsLocal ? Local : Clients;
}

/// <summary>What is counted of a listener's connections.</summary>
internal sealed class ListenerCounts(int loops)
{
    public Gauge Connections { get; } = new();

    public Traffic Traffic { get; } = new(loops);

    // What is rare enough for one counter of all loops.
    public long NoBackend;
    public long SourcesRefused;
    public long PrologueFaults;
    public long Unrouted;
    public long PrologueTimeouts;
    public long IdleTimeouts;
    public long SourceLimited;
    public long FirstOctetTimeouts;
    public long HalfClosedTimeouts;
    public long TotalTimeouts;

    /// <summary>How many wait for a backend now.</summary>
    public long Queued;
    public long QueueTimeouts;
    public long QueueOverflows;

    public ref long CountOf(TimeoutKind kind)
    {
        switch (kind)
        {
            case TimeoutKind.FirstOctet: return ref FirstOctetTimeouts;
            case TimeoutKind.HalfClosed: return ref HalfClosedTimeouts;
            case TimeoutKind.Total: return ref TotalTimeouts;
            default: return ref IdleTimeouts;
        }
    }
}

/// <summary>Which time-out ended a connection.</summary>
internal enum TimeoutKind
{
    Idle,
    FirstOctet,
    HalfClosed,
    Total,
}

/// <summary>A backend over all tables that have it: its counters.</summary>
internal sealed class BackendEntry(ushort slot, string pool, string name)
{
    public ushort Slot => slot;

    public string Pool => pool;

    public string Name => name;

    public Gauge Connections { get; } = new();

    /// <summary>Connections that it took, and what they carried.</summary>
    public Traffic Traffic { get; init; } = new(loops: 0);

    /// <summary>Of the last table that had it.</summary>
    public ulong Generation { get; set; }

    /// <summary>When a table first had that generation.</summary>
    public TimeSpan TakenUpAt { get; set; }

    /// <summary>Its pool's: who waits for it when it has room again.</summary>
    public PoolQueue? Queue { get; set; }

    /// <summary>The table in force does not have it.</summary>
    public bool IsUnused { get; set; }

    public long Refused;
    public long Reset;
    public long TimedOut;
    public long Unreachable;
    public long Local;
    public long Retries;

    /// <summary>Counts an attempt that failed.</summary>
    public void Count(ObservationKind kind)
    {
        ref var counter = ref Local;
        switch (kind)
        {
            case ObservationKind.Refused: counter = ref Refused; break;
            case ObservationKind.Reset: counter = ref Reset; break;
            case ObservationKind.TimedOut: counter = ref TimedOut; break;
            case ObservationKind.Unreachable: counter = ref Unreachable; break;
        }
        Interlocked.Increment(ref counter);
    }
}

/// <summary>
/// Entries by a small number, which unmanaged memory can hold in place of a reference. Changed under the engine's lock;
/// read by the loops without one: a number is given away again only when no loop can hold it.
/// </summary>
internal sealed class SlotTable<T>
    where T : class
{
    public const int MaximumSlots = ushort.MaxValue + 1;

    private T?[] _items = new T?[64];

    /// <summary>The entry of a number that is in use.</summary>
    public T this[ushort slot] => Volatile.Read(ref _items)[slot]!;

    /// <summary>Puts an entry into the lowest free slot.</summary>
    /// <exception cref="InvalidOperationException">There are 65,536 already.</exception>
    public T Add(Func<ushort, T> create)
    {
        var slot = Array.IndexOf(_items, null);
        if (slot < 0)
        {
            slot = _items.Length;
            if (slot == MaximumSlots)
                throw new InvalidOperationException($"more than {MaximumSlots} entries of {typeof(T).Name}");
            var larger = new T?[2 * slot];
            _items.CopyTo(larger, 0);
            Volatile.Write(ref _items, larger);
        }
        return _items[slot] = create((ushort)slot);
    }

    public void Remove(ushort slot) => _items[slot] = null;
}

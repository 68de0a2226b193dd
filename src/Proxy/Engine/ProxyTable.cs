using System.Collections.Immutable;
using System.Net;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Tls;
using AnycastVip.Proxy.Limits;

namespace AnycastVip.Proxy.Engine;

/// <summary>Everything that the engine shall do. A new table replaces the one before it whole.</summary>
public sealed record ProxyTable
{
    /// <summary>No listeners: nothing is accepted.</summary>
    public static readonly ProxyTable Empty = new();

    /// <summary>Chosen by whoever made the table; repeated in snapshots.</summary>
    public ulong Revision { get; init; }

    /// <summary>By unique endpoint.</summary>
    public ImmutableArray<ListenerSpec> Listeners { get; init; } = [];

    /// <summary>By unique name.</summary>
    public ImmutableArray<PoolSpec> Pools { get; init; } = [];

    /// <summary>Connections held at once over all listeners; 0: as many as the limit on descriptors allows.</summary>
    public int MaxConnections { get; init; }

    /// <summary>The first rule that the table breaks, in one line; null when it is sound.</summary>
    public string? FindFault()
    {
        if (MaxConnections < 0)
            return "maxConnections is negative";
        if (Duplicate(Pools.Select(pool => pool.Name)) is { } pool)
            return $"pool {pool} stands twice";
        if (Duplicate(Listeners.Select(listener => listener.Endpoint.ToString())) is { } listener)
            return $"listener {listener} stands twice";
        return Listeners.Select(FaultOf).Concat(Pools.Select(FaultOf)).FirstOrDefault(fault => fault is not null);
    }

    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(7);

    private string? FaultOf(ListenerSpec listener) =>
        listener.Endpoint.Port is < 1 or > IPEndPoint.MaxPort ? $"listener {listener.Endpoint}: no port"
        : listener.MaxConnections < 0 ? $"listener {listener.Endpoint}: maxConnections is negative"
        : listener.Timeouts.All.Any(time => time < TimeSpan.FromMilliseconds(1) || time > LongestTimeout)
            ? $"listener {listener.Endpoint}: a time-out is not 1 ms to 7 days"
        : listener.PerSource is { IsSound: false } ? $"listener {listener.Endpoint}: perSource is out of range"
        : listener.KeepAlive is { IsSound: false } ? $"listener {listener.Endpoint}: the keep-alive is out of range"
        : listener.IdleTimeout <= TimeSpan.Zero ? $"listener {listener.Endpoint}: an idle time-out of no time"
        : listener.ProxyProtocol?.FindFault() is { } fault ? $"listener {listener.Endpoint}: {fault}"
        : listener.Sni?.FindFault() is { } broken ? $"listener {listener.Endpoint}: sni: {broken}"
        : listener.Sni?.Routes.FirstOrDefault(route => Pools.All(pool => pool.Name != route.Pool)) is { } lost
            ? $"listener {listener.Endpoint}: no pool {lost.Pool}"
        : Pools.All(pool => pool.Name != listener.Pool) ? $"listener {listener.Endpoint}: no pool {listener.Pool}"
        : null;

    private static string? FaultOf(PoolSpec pool) =>
        IsNoTimeout(pool.ConnectTimeout)
            ? $"pool {pool.Name}: the connect time-out is not 1 ms to 5 min"
        : pool.ConnectRetries is < 0 or > PoolSpec.MaximumRetries
            ? $"pool {pool.Name}: the retries are not 0 to {PoolSpec.MaximumRetries}"
        : pool.Queue is { } queue && (queue.Size is < 1 or > QueueSpec.MaximumSize || IsNoTimeout(queue.Timeout))
            ? $"pool {pool.Name}: the queue's size or time-out is out of range"
        : !Enum.IsDefined(pool.SendProxyProtocol) ? $"pool {pool.Name}: no such version of the PROXY protocol"
        : !Enum.IsDefined(pool.Balance) ? $"pool {pool.Name}: no such algorithm"
        : pool.Persistence?.FindFault() is { } persistence ? $"pool {pool.Name}: {persistence}"
        : Duplicate(pool.Backends.Select(backend => backend.Name)) is { } backend
            ? $"pool {pool.Name}: backend {backend} stands twice"
        : pool.Backends.Select(backend => FaultOf(pool, backend)).FirstOrDefault(fault => fault is not null);

    private static string? FaultOf(PoolSpec pool, BackendSpec backend) =>
        backend.Endpoint.Port is < 1 or > IPEndPoint.MaxPort ? $"backend {pool.Name}/{backend.Name}: no port"
        : backend.Weight is < 0 or > PoolSpec.MaximumWeight
            ? $"backend {pool.Name}/{backend.Name}: the weight is not 0 to {PoolSpec.MaximumWeight}"
        : backend.MaxConnections < 0 ? $"backend {pool.Name}/{backend.Name}: maxConnections is negative"
        : backend.SlowStart <= TimeSpan.Zero ? $"backend {pool.Name}/{backend.Name}: a slow start of no time"
        : !Enum.IsDefined(backend.State) ? $"backend {pool.Name}/{backend.Name}: no such state"
        : null;

    private static bool IsNoTimeout(TimeSpan time) =>
        time < TimeSpan.FromMilliseconds(1) || time > TimeSpan.FromMinutes(5);

    private static string? Duplicate(IEnumerable<string> names)
    {
        var seen = new HashSet<string>();
        return names.FirstOrDefault(name => !seen.Add(name));
    }
}

/// <summary>An address and port on which connections are accepted.</summary>
public sealed record ListenerSpec
{
    /// <summary>Where; it names the listener. The address must be on this node when the table is applied.</summary>
    public required IPEndPoint Endpoint { get; init; }

    /// <summary>The VIP that it belongs to: connections are counted and closed by it.</summary>
    public string Vip { get; init; } = "";

    /// <summary>The pool that gets its connections.</summary>
    public required string Pool { get; init; }

    /// <summary>Connections held at once; further ones wait in the backlog. 0: no limit of its own.</summary>
    public int MaxConnections { get; init; }

    /// <summary>Null: its clients are who they seem to be.</summary>
    public ProxyProtocolSpec? ProxyProtocol { get; init; }

    /// <summary>Null: every connection goes to <see cref="Pool"/>.</summary>
    public SniRoutes? Sni { get; init; }

    /// <summary>A connection on which no octet moves for this long is reset. Null: never.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>The other time-outs.</summary>
    public ListenerTimeouts Timeouts { get; init; } = new();

    /// <summary>Of both sides of its connections; null: <see cref="KeepAliveSpec.Default"/>.</summary>
    public KeepAliveSpec? KeepAlive { get; init; }

    /// <summary>What each source may take; null: there is no limit to it.</summary>
    public SourceLimits? PerSource { get; init; }

    /// <summary>Clients are accepted once they have sent something (TCP_DEFER_ACCEPT).</summary>
    public bool DefersAccept { get; init; }
}

/// <summary>What came of a table.</summary>
/// <param name="Revision">The table's.</param>
/// <param name="Refused">Listeners that could not be opened; the rest stands. Applying the table again tries them
/// again.</param>
public sealed record TableResult(ulong Revision, ImmutableArray<RefusedListener> Refused);

/// <summary>A listener that is not in force, and why.</summary>
/// <param name="Endpoint">Names the listener.</param>
/// <param name="Reason">One line for people.</param>
public sealed record RefusedListener(IPEndPoint Endpoint, string Reason);

using System.Collections.Immutable;
using System.Net;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Proxy.Api;

/// <summary>Reads the gate's table. It finds every broken rule, not only the first: they are mended together.</summary>
internal sealed partial class TableReader
{
    private const int MaximumListeners = 4096;
    private const int MaximumPools = 1024;
    private const int MaximumBackends = 10_000;
    private const int MaximumFaults = 100;
    private const int MaximumNetworks = 256;

    private static readonly TimeSpan ShortestTimeout = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestConnectTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DefaultQueueTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan DefaultPrologueTimeout = TimeSpan.FromSeconds(5);

    private readonly List<RefusedTableEntry> _faults = [];

    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: more entries than proxy_table.proto allows.</exception>
    public TableReader(ProxyTable message)
    {
        CheckSize(message);
        var pools = message.Pools.Select(Read).ToImmutableArray();
        foreach (var name in Duplicates(pools.Select(pool => pool.Name)))
            Refuse($"pool {name}", "it stands twice in the table: give one of both another name");
        var names = pools.Select(pool => pool.Name).ToHashSet();
        var listeners = message.Listeners.Select(listener => Read(listener, names)).ToImmutableArray();
        foreach (var endpoint in Duplicates(listeners.Select(listener => listener.Endpoint)))
            Refuse($"listener {endpoint}", "it stands twice in the table: address and port must be unique");
        Table = new()
        {
            Revision = message.Revision,
            Listeners = listeners,
            Pools = pools,
            MaxConnections = Limit(message.MaxConnections),
        };
    }

    /// <summary>What was read; of use only when nothing is at fault.</summary>
    public Engine.ProxyTable Table { get; }

    /// <summary>Broken rules: the table is refused whole.</summary>
    public IEnumerable<RefusedTableEntry> Faults => _faults.Take(MaximumFaults);

    private static void CheckSize(ProxyTable message)
    {
        var backends = message.Pools.Sum(pool => pool.Backends.Count);
        if (message.Listeners.Count > MaximumListeners || message.Pools.Count > MaximumPools
            || backends > MaximumBackends)
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted,
                $"the table has {message.Listeners.Count} listeners, {message.Pools.Count} pools and {backends} "
                + $"backends; at most {MaximumListeners}, {MaximumPools} and {MaximumBackends} are taken"));
    }

    private Engine.ListenerSpec Read(ListenerSpec message, HashSet<string> pools)
    {
        var entry = $"listener {AddressAndPort(message.Address, message.Port)}";
        if (message.Vip.Length == 0)
            Refuse(entry, "vip is empty: name the VIP that it serves");
        if (!pools.Contains(message.Pool))
            Refuse(entry, $"pool \"{message.Pool}\" is not in the table: add it, or name another");
        var idle = ReadDuration(entry, "idle_timeout", message.IdleTimeout);
        if (idle < ShortestTimeout)
            Refuse(entry, "idle_timeout must be at least 1 ms; leave it unset for none");
        return new()
        {
            Endpoint = ReadEndpoint(entry, message.Address, message.Port),
            Vip = message.Vip,
            Pool = message.Pool,
            ProxyProtocol = ReadProxyProtocol(entry, message.ProxyProtocol),
            Sni = ReadSni(entry, message.Sni, pools),
            MaxConnections = Limit(message.MaxConnections),
            IdleTimeout = idle,
            Timeouts = ReadTimeouts(entry, message),
            KeepAlive = ReadKeepAlive(entry, message.KeepAlive),
            DefersAccept = message.DeferAccept,
            PerSource = ReadPerSource(entry, message.PerSource),
        };
    }

    private Engine.ProxyProtocolSpec? ReadProxyProtocol(string entry, ProxyProtocolSpec? message)
    {
        if (message is null)
            return null;
        var networks = new List<IPNetwork>();
        foreach (var text in message.From)
        {
            if (IPNetwork.TryParse(text, out var network))
                networks.Add(network);
            else
                Refuse(entry, $"proxy_protocol.from has \"{text}\": give an address and a length, such as 10.0.0.0/8");
        }
        if (message.From.Count is 0 or > MaximumNetworks)
            Refuse(entry, $"proxy_protocol.from has {message.From.Count} networks: give 1 to {MaximumNetworks}");
        var timeout = ReadDuration(entry, "proxy_protocol.timeout", message.Timeout) ?? DefaultPrologueTimeout;
        if (timeout < ShortestTimeout || timeout > LongestConnectTimeout)
            Refuse(entry, "proxy_protocol.timeout must be 1 ms to 5 min; unset is 5 s");
        return new() { From = [.. networks], Timeout = timeout };
    }

    private Tls.SniRoutes? ReadSni(string entry, SniRoutes? message, HashSet<string> pools)
    {
        if (message is null)
            return null;
        foreach (var pool in message.Routes.Select(route => route.Pool).Where(pool => !pools.Contains(pool)))
            Refuse(entry, $"sni: pool \"{pool}\" is not in the table: add it, or name another");
        var routes = new Tls.SniRoutes
        {
            Routes =
            [
                .. message.Routes.Select(route => new Tls.SniRoute
                {
                    Names = [.. route.Names],
                    Protocols = [.. route.Protocols],
                    Pool = route.Pool,
                }),
            ],
            ResetsOthers = message.ResetOthers,
        };
        if (routes.FindFault() is { } fault)
            Refuse(entry, $"sni: {fault}");
        return routes;
    }

    private Balancing.PoolSpec Read(PoolSpec message)
    {
        var entry = $"pool {message.Name}";
        if (message.Name.Length == 0)
            Refuse(entry, "name is empty: give the pool a name");
        if (message.Balance is BalanceAlgorithm.Unspecified || !System.Enum.IsDefined(message.Balance))
            Refuse(entry, "balance must be one of the algorithms of BalanceAlgorithm");
        if (!System.Enum.IsDefined(message.SendProxyProtocol))
            Refuse(entry, "send_proxy_protocol must be PROXY_PROTOCOL_VERSION_1, _2 or unset");
        if (message.ConnectRetries > Balancing.PoolSpec.MaximumRetries)
            Refuse(entry, $"connect_retries is {message.ConnectRetries}: at most {Balancing.PoolSpec.MaximumRetries}");
        var spec = new Balancing.PoolSpec
        {
            Name = message.Name,
            Balance = message.Balance switch
            {
                BalanceAlgorithm.LeastConnections => Balancing.BalanceAlgorithm.LeastConnections,
                BalanceAlgorithm.LeastResponseTime => Balancing.BalanceAlgorithm.LeastResponseTime,
                BalanceAlgorithm.Random => Balancing.BalanceAlgorithm.Random,
                BalanceAlgorithm.SourceHash => Balancing.BalanceAlgorithm.SourceHash,
                BalanceAlgorithm.Maglev => Balancing.BalanceAlgorithm.Maglev,
                _ => Balancing.BalanceAlgorithm.RoundRobin,
            },
            Backends = [.. message.Backends.Select(backend => Read(message.Name, backend))],
            SendProxyProtocol = (Balancing.SentHeader)message.SendProxyProtocol,
            ConnectRetries = (int)Math.Min(message.ConnectRetries, Balancing.PoolSpec.MaximumRetries),
            Queue = ReadQueue(entry, message),
            Persistence = ReadPersistence(entry, message.Persistence),
        };
        foreach (var name in Duplicates(spec.Backends.Select(backend => backend.Name)))
            Refuse($"backend {message.Name}/{name}", "it stands twice in its pool: give one of both another name");
        if (ReadDuration(entry, "connect_timeout", message.ConnectTimeout) is not { } timeout)
            return spec;
        if (timeout < ShortestTimeout || timeout > LongestConnectTimeout)
            Refuse(entry, "connect_timeout must be 1 ms to 5 min; unset is 5 s");
        return spec with { ConnectTimeout = timeout };
    }

    private Balancing.SourcePersistence? ReadPersistence(string entry, SourcePersistence? message)
    {
        if (message is null)
            return null;
        var read = new Balancing.SourcePersistence(
            ReadDuration(entry, "persistence.ttl", message.Ttl) ?? TimeSpan.Zero,
            Limit(message.Ipv4Prefix),
            Limit(message.Ipv6Prefix),
            Limit(message.MaxEntries));
        if (read.FindFault() is { } fault)
            Refuse(entry, fault);
        return read;
    }

    private Balancing.QueueSpec? ReadQueue(string entry, PoolSpec message)
    {
        if (message.QueueSize > Balancing.QueueSpec.MaximumSize)
            Refuse(entry, $"queue_size is {message.QueueSize}: at most {Balancing.QueueSpec.MaximumSize}");
        var timeout = ReadDuration(entry, "queue_timeout", message.QueueTimeout) ?? DefaultQueueTimeout;
        if (timeout < ShortestTimeout || timeout > LongestConnectTimeout)
            Refuse(entry, "queue_timeout must be 1 ms to 5 min; unset is 5 s");
        return message.QueueSize == 0 ? null : new(Limit(message.QueueSize), timeout);
    }

    private Balancing.BackendSpec Read(string pool, BackendSpec message)
    {
        var entry = $"backend {pool}/{message.Name}";
        if (message.Name.Length == 0)
            Refuse(entry, "name is empty: give the backend a name");
        if (message.Weight > Balancing.PoolSpec.MaximumWeight)
            Refuse(entry, $"weight is {message.Weight}: at most {Balancing.PoolSpec.MaximumWeight}");
        if (message.Directive is BackendDirective.Unspecified || !System.Enum.IsDefined(message.Directive))
            Refuse(entry, "directive must be BACKEND_DIRECTIVE_UP, _DRAIN or _DOWN");
        var slowStart = ReadDuration(entry, "slow_start", message.SlowStart);
        if (slowStart <= TimeSpan.Zero)
            Refuse(entry, "slow_start must be above 0; leave it unset for none");
        return new()
        {
            Name = message.Name,
            Endpoint = ReadEndpoint(entry, message.Address, message.Port),
            Weight = (int)Math.Min(message.Weight, Balancing.PoolSpec.MaximumWeight),
            State = message.Directive switch
            {
                BackendDirective.Up => Balancing.BackendState.Up,
                BackendDirective.Drain => Balancing.BackendState.Drain,
                _ => Balancing.BackendState.Down,
            },
            MaxConnections = Limit(message.MaxConnections),
            Generation = message.Generation,
            SlowStart = slowStart,
            IsBackup = message.Backup,
        };
    }

    private IPEndPoint ReadEndpoint(string entry, string text, uint port)
    {
        // IPAddress also takes "127.1" and "0x7f000001", which nobody means.
        var isAddress = IPAddress.TryParse(text, out var address) && (text.Contains(':') || address.ToString() == text);
        if (!isAddress)
            Refuse(entry, $"address \"{text}\" is not like 203.0.113.50 or 2001:db8::50");
        if (port is < 1 or > IPEndPoint.MaxPort)
            Refuse(entry, $"port is {port}: it must be 1 to {IPEndPoint.MaxPort}");
        return new(isAddress ? address! : IPAddress.None, (int)Math.Min(port, IPEndPoint.MaxPort));
    }

    private TimeSpan? ReadDuration(string entry, string field, Duration? message)
    {
        try
        {
            return message?.ToTimeSpan();
        }
        catch (InvalidOperationException)
        {
            Refuse(entry, $"{field} is no valid google.protobuf.Duration");
            return null;
        }
    }

    private void Refuse(string entry, string text) => _faults.Add(new() { Entry = entry, Text = text });

    private static string AddressAndPort(string address, uint port) =>
        address.Contains(':') ? $"[{address}]:{port}" : $"{address}:{port}";

    private static int Limit(uint connections) => (int)Math.Min(connections, int.MaxValue);

    private static IEnumerable<T> Duplicates<T>(IEnumerable<T> names)
        where T : notnull
    {
        var seen = new HashSet<T>();
        return names.Where(name => !seen.Add(name)).Distinct();
    }
}

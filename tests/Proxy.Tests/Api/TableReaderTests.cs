using System.Net;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Api;
using Grpc.Core;

namespace AnycastVip.Proxy.Tests.Api;

/// <summary>What is refused of a gate's table, and how it is named.</summary>
public sealed class TableReaderTests
{
    private const string Listener = "listener 203.0.113.50:80";
    private const string Pool = "pool pool";
    private const string Backend = "backend pool/s1";

    // What breaks the rule, the entry that is named, and a part of the text.
    public static TheoryData<Action<ProxyTable>, string, string> BrokenRules => new()
    {
        { table => table.Listeners[0].Vip = "", Listener, "vip is empty" },
        { table => table.Listeners[0].Pool = "none", Listener, "\"none\"" },
        { table => table.Listeners[0].IdleTimeout = new(), Listener, "at least 1 ms" },
        { table => table.Listeners[0].IdleTimeout = new() { Seconds = 1, Nanos = -1 }, Listener, "no valid" },
        { table => table.Listeners[0].TotalTimeout = new(), Listener, "total_timeout must be" },
        { table => table.Listeners[0].UserTimeout = new() { Seconds = 604_801 }, Listener, "user_timeout must be" },
        { table => table.Listeners[0].PerSource = new() { Rate = 1_000_001 }, Listener, "per_source must have" },
        { table => table.Listeners[0].PerSource = new() { Ipv4Prefix = 33 }, Listener, "per_source must have" },
        { table => table.Listeners[0].KeepAlive = new() { Probes = 3 }, Listener, "keep_alive must have" },
        { table => table.Listeners[0].Sni = new(), Listener, "give 1 to 1024 routes" },
        { table => table.Listeners[0].Sni = Route("pool"), Listener, "neither a name nor a protocol" },
        { table => table.Listeners[0].Sni = Route("none", "a.example"), Listener, "sni: pool \"none\"" },
        { table => table.Listeners[0].Sni = Route("pool", "A.example"), Listener, "\"A.example\"" },
        { table => table.Listeners[0].Sni = Route("pool", "*.*.example"), Listener, "\"*.*.example\"" },
        { table => table.Listeners[0].Sni = Route("pool", "192.0.2.1"), Listener, "\"192.0.2.1\"" },
        { table => table.Listeners[0].ProxyProtocol = new(), Listener, "has 0 networks" },
        { table => table.Listeners[0].ProxyProtocol = new() { From = { "10.0.0.0/33" } }, Listener, "10.0.0.0/33" },
        {
            table => table.Listeners[0].ProxyProtocol = new() { From = { "::/0" }, Timeout = new() },
            Listener,
            "proxy_protocol.timeout"
        },
        { table => table.Listeners.Add(table.Listeners[0].Clone()), Listener, "stands twice" },
        { table => table.Listeners[0].Port = 0, "listener 203.0.113.50:0", "port is 0" },
        { table => table.Listeners[0].Port = 65536, "listener 203.0.113.50:65536", "port is 65536" },
        { table => table.Listeners[0].Address = "203.0.113", "listener 203.0.113:80", "\"203.0.113\"" },
        { table => table.Listeners[0].Address = "2001:db8::/64", "listener [2001:db8::/64]:80", "/64" },
        { table => table.Pools[0].Name = "", "pool ", "name is empty" },
        { table => table.Pools.Add(table.Pools[0].Clone()), Pool, "stands twice" },
        { table => table.Pools[0].Balance = BalanceAlgorithm.Unspecified, Pool, "balance must be" },
        { table => table.Pools[0].Balance = (BalanceAlgorithm)99, Pool, "balance must be" },
        { table => table.Pools[0].Persistence = new(), Pool, "a persistence of no time" },
        { table => table.Pools[0].Persistence = Remember(ttl: -1), Pool, "a persistence of no time" },
        { table => table.Pools[0].Persistence = Remember(ipv4Prefix: 0), Pool, "IPv4 prefix of its persistence" },
        { table => table.Pools[0].Persistence = Remember(ipv4Prefix: 33), Pool, "IPv4 prefix of its persistence" },
        { table => table.Pools[0].Persistence = Remember(ipv6Prefix: 0), Pool, "IPv6 prefix of its persistence" },
        { table => table.Pools[0].Persistence = Remember(ipv6Prefix: 129), Pool, "IPv6 prefix of its persistence" },
        { table => table.Pools[0].Persistence = Remember(entries: 0), Pool, "entries of its persistence" },
        { table => table.Pools[0].Persistence = Remember(entries: uint.MaxValue), Pool, "entries of its persistence" },
        { table => table.Pools[0].ConnectRetries = 17, Pool, "connect_retries is 17" },
        { table => table.Pools[0].ConnectTimeout = new() { Nanos = 999_999 }, Pool, "connect_timeout" },
        { table => table.Pools[0].ConnectTimeout = new() { Seconds = 301 }, Pool, "connect_timeout" },
        { table => table.Pools[0].SendProxyProtocol = (ProxyProtocolVersion)3, Pool, "send_proxy_protocol" },
        { table => table.Pools[0].QueueSize = 65_537, Pool, "queue_size is 65537" },
        { table => table.Pools[0].QueueTimeout = new(), Pool, "queue_timeout" },
        { table => table.Pools[0].QueueTimeout = new() { Seconds = 301 }, Pool, "queue_timeout" },
        { table => table.Pools[0].Backends[0].Name = "", "backend pool/", "name is empty" },
        { table => table.Pools[0].Backends.Add(table.Pools[0].Backends[0].Clone()), Backend, "stands twice" },
        { table => table.Pools[0].Backends[0].Weight = 1001, Backend, "weight is 1001" },
        { table => table.Pools[0].Backends[0].Directive = BackendDirective.Unspecified, Backend, "directive" },
        { table => table.Pools[0].Backends[0].Directive = (BackendDirective)9, Backend, "directive" },
        { table => table.Pools[0].Backends[0].Address = "s1.example", Backend, "\"s1.example\"" },
        { table => table.Pools[0].Backends[0].Port = 0, Backend, "port is 0" },
    };

    [Theory]
    [MemberData(nameof(BrokenRules), DisableDiscoveryEnumeration = true)]
    public void A_broken_rule_is_named_with_its_place(Action<ProxyTable> breakRule, string entry, string text)
    {
        var table = Sound();
        breakRule(table);

        var faults = new TableReader(table).Faults;

        Assert.Equal(entry, faults.Single(fault => fault.Text.Contains(text, StringComparison.Ordinal)).Entry);
    }

    [Fact]
    public void Every_field_of_a_listener_reaches_the_engine()
    {
        var table = Sound();
        table.MaxConnections = 9;
        table.Listeners[0].ProxyProtocol = new() { From = { "10.0.0.0/8" }, Timeout = new() { Seconds = 3 } };
        table.Listeners[0].Sni = Route("pool", "a.example", "*.example");
        table.Listeners[0].Sni.Routes[0].Protocols.Add("h2");
        table.Listeners[0].Sni.ResetOthers = true;
        table.Listeners[0].MaxConnections = 8;
        table.Listeners[0].IdleTimeout = new() { Seconds = 7 };

        var reader = new TableReader(table);

        Assert.Empty(reader.Faults);
        Assert.Equal((3ul, 9), (reader.Table.Revision, reader.Table.MaxConnections));
        Assert.Equal(
            new()
            {
                Endpoint = new(IPAddress.Parse("203.0.113.50"), 80),
                Vip = "web",
                Pool = "pool",
                ProxyProtocol = new()
                {
                    From = [IPNetwork.Parse("10.0.0.0/8")],
                    Timeout = TimeSpan.FromSeconds(3),
                },
                Sni = new()
                {
                    Routes = [new() { Names = ["a.example", "*.example"], Protocols = ["h2"], Pool = "pool" }],
                    ResetsOthers = true,
                },
                MaxConnections = 8,
                IdleTimeout = TimeSpan.FromSeconds(7),
            },
            reader.Table.Listeners.Single());
        Assert.Null(reader.Table.FindFault());
    }

    [Fact]
    public void Every_field_of_a_pool_reaches_the_engine()
    {
        var table = Sound();
        table.Pools[0].ConnectTimeout = new() { Seconds = 6 };
        table.Pools[0].ConnectRetries = 5;
        table.Pools[0].SendProxyProtocol = ProxyProtocolVersion._2;
        table.Pools[0].QueueSize = 4;
        table.Pools[0].QueueTimeout = new() { Seconds = 2 };
        table.Pools[0].Balance = BalanceAlgorithm.LeastConnections;
        table.Pools[0].Backends[0].MaxConnections = uint.MaxValue;
        table.Pools[0].Backends[0].Backup = true;
        table.Pools[0].Backends[0].Directive = BackendDirective.Down;

        var reader = new TableReader(table);

        Assert.Empty(reader.Faults);
        Assert.Equal(
            new()
            {
                Name = "pool",
                Balance = Balancing.BalanceAlgorithm.LeastConnections,
                ConnectTimeout = TimeSpan.FromSeconds(6),
                ConnectRetries = 5,
                SendProxyProtocol = Balancing.SentHeader.Version2,
                Queue = new(4, TimeSpan.FromSeconds(2)),
                Backends =
                [
                    new()
                    {
                        Name = "s1",
                        Endpoint = new(IPAddress.Parse("2001:db8::1"), 8080),
                        Weight = 1,
                        State = Balancing.BackendState.Down,
                        MaxConnections = int.MaxValue,
                        IsBackup = true,
                        Generation = 1,
                    },
                ],
            },
            reader.Table.Pools.Single());
        Assert.Null(reader.Table.FindFault());
    }

    [Fact]
    public void Every_limit_of_a_listener_reaches_the_engine()
    {
        var table = Sound();
        var listener = table.Listeners[0];
        listener.HalfClosedTimeout = new() { Seconds = 11 };
        listener.TotalTimeout = new() { Seconds = 12 };
        listener.FirstOctetTimeout = new() { Seconds = 13 };
        listener.UserTimeout = new() { Seconds = 14 };
        listener.KeepAlive = new()
        {
            Idle = new() { Seconds = 5 }, Interval = new() { Seconds = 6 }, Probes = 7,
        };
        listener.DeferAccept = true;
        listener.PerSource = new() { Connections = 2, Rate = 3, Burst = 4, Ipv4Prefix = 24, Ipv6Prefix = 56 };

        var reader = new TableReader(table);

        Assert.Empty(reader.Faults);
        Assert.Equal(
            new()
            {
                Endpoint = new(IPAddress.Parse("203.0.113.50"), 80),
                Vip = "web",
                Pool = "pool",
                Timeouts = new()
                {
                    HalfClosed = TimeSpan.FromSeconds(11),
                    Total = TimeSpan.FromSeconds(12),
                    FirstOctet = TimeSpan.FromSeconds(13),
                    User = TimeSpan.FromSeconds(14),
                },
                KeepAlive = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(6), 7),
                DefersAccept = true,
                PerSource = new() { Connections = 2, Rate = 3, Burst = 4, IPv4Prefix = 24, IPv6Prefix = 56 },
            },
            reader.Table.Listeners.Single());
        Assert.Null(reader.Table.FindFault());
    }

    [Fact]
    public void Source_persistence_reaches_the_engine()
    {
        var table = Sound();
        table.Pools[0].Persistence = Remember();

        var reader = new TableReader(table);

        Assert.Empty(reader.Faults);
        Assert.Equal(new(TimeSpan.FromSeconds(60), 32, 64, 1000), reader.Table.Pools[0].Persistence);
    }

    [Fact]
    public void Every_algorithm_reaches_the_engine()
    {
        foreach (var algorithm in Enum.GetValues<BalanceAlgorithm>())
        {
            var table = Sound();
            table.Pools[0].Balance = algorithm;

            var reader = new TableReader(table);

            Assert.Equal(algorithm == BalanceAlgorithm.Unspecified, reader.Faults.Any());
            if (algorithm != BalanceAlgorithm.Unspecified)
                Assert.Equal($"{algorithm}", $"{reader.Table.Pools[0].Balance}");
        }
    }

    [Fact]
    public void At_most_a_hundred_faults_are_told()
    {
        var table = Sound();
        table.Pools.Add(Enumerable.Range(0, 200).Select(i => new PoolSpec { Name = $"pool-{i}" }));

        Assert.Equal(100, new TableReader(table).Faults.Count());
    }

    [Theory]
    [InlineData(4097, 0, 0)]
    [InlineData(0, 1025, 0)]
    [InlineData(0, 2, 5001)]
    public void A_table_that_is_too_large_is_RESOURCE_EXHAUSTED(int listeners, int pools, int backendsEach)
    {
        var table = new ProxyTable();
        table.Listeners.Add(Enumerable.Repeat(new ListenerSpec(), listeners));
        table.Pools.Add(Enumerable.Repeat(
            new PoolSpec { Backends = { Enumerable.Repeat(new BackendSpec(), backendsEach) } }, pools));

        var error = Assert.Throws<RpcException>(() => new TableReader(table));

        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
    }

    private static SourcePersistence Remember(
        long ttl = 60, uint ipv4Prefix = 32, uint ipv6Prefix = 64, uint entries = 1000) =>
        new()
        {
            Ttl = new() { Seconds = ttl },
            Ipv4Prefix = ipv4Prefix,
            Ipv6Prefix = ipv6Prefix,
            MaxEntries = entries,
        };

    private static SniRoutes Route(string pool, params string[] names) =>
        new() { Routes = { new SniRoute { Pool = pool, Names = { names } } } };

    private static ProxyTable Sound()
    {
        var table = Tables.Of(
            IPEndPoint.Parse("203.0.113.50:80"),
            Tables.Backend("s1", IPEndPoint.Parse("[2001:db8::1]:8080")));
        table.Revision = 3;
        return table;
    }
}

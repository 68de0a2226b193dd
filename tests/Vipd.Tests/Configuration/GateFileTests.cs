using System.Net;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.Proxy.Engine;
using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Tests.Configuration;

public sealed class GateFileTests
{
    private const string Start = """
        version: 1
        node: {name: n1, asn: 65001, routerId: 10.0.0.1}
        peers:
          - {name: r1, address: 10.0.0.254, asn: 65100}
        speaker:
          allowedPrefixes: [{prefix: 203.0.113.0/24, ge: 24}, {prefix: "2001:db8::/48", ge: 128}]

        """;

    private static readonly CheckOptions Tcp = new(
        "tcp", new CheckKind.Tcp(), new CheckSettings { StaleAfter = TimeSpan.FromSeconds(3.5) });

    private static readonly CheckOptions Web = new(
        "web",
        new CheckKind.Http("/ready?full=1", "www.example.net:8080", "200-204,301", 8080),
        new CheckSettings { StaleAfter = TimeSpan.FromSeconds(3.5) });

    private static readonly CheckOptions Script = new(
        "script",
        new CheckKind.Exec("/bin/sh", "-c\0exit 0"),
        new CheckSettings
        {
            Interval = TimeSpan.FromSeconds(10),
            FastInterval = TimeSpan.FromSeconds(2),
            Timeout = TimeSpan.FromSeconds(3),
            Rise = 5,
            Fall = 1,
            StaleAfter = TimeSpan.FromMinutes(1),
        });

    [Fact]
    public void A_file_without_vips_gives_a_gate_with_nothing_to_do()
    {
        var gate = Good("minimal.yaml").Gate;

        Assert.Equal(TimeSpan.FromMinutes(10), Good("minimal.yaml").ProxyReplaceTimeout);
        Assert.Equal(TransportKind.Auto, Good("minimal.yaml").ProxyEngine);
        Assert.Equal(("n1", "", 0), (gate.NodeName, gate.Site, gate.MaxConnections));
        Assert.Equal((5, 1, 60), (Seconds(gate.LeaseTtl), Seconds(gate.LeaseHeartbeat), Seconds(gate.StopTimeout)));
        Assert.Empty(gate.Checks);
        Assert.Empty(gate.Pools);
        Assert.Empty(gate.Vips);
    }

    [Fact]
    public void What_a_pool_and_a_vip_do_not_say_is_the_default_of_the_gate()
    {
        var gate = Read("""
            pools:
              web: {backends: [{name: s1, address: "127.0.0.1:8081"}]}
            vips:
              - {name: web, addresses: [203.0.113.50], listeners: [{port: 80, pool: web}]}
            """).Gate;

        var pool = new PoolOptions
        {
            Name = "web",
            Check = Tcp,
            Backends = List(new BackendOptions("s1", IPEndPoint.Parse("127.0.0.1:8081"))),
        };
        var vip = new VipOptions
        {
            Settings = new VipSettings { Name = "web" },
            Addresses = List(IPAddress.Parse("203.0.113.50")),
            Listeners = List(new ListenerOptions(80, "web")),
            Checks = List<CheckOptions>(),
            Prefixes = List("203.0.113.50/32"),
            DrainRoute = new RouteOptions { Communities = "graceful-shutdown" },
        };
        Assert.Equal([Tcp], gate.Checks);
        Assert.Equal([pool], gate.Pools);
        Assert.Equal([vip], gate.Vips);
    }

    [Fact]
    public void Every_key_of_the_node_reaches_the_gate()
    {
        var configuration = Good("every-key.yaml");
        var gate = configuration.Gate;

        Assert.Equal("/var/lib/other", configuration.StateDirectory);
        Assert.Equal(TimeSpan.FromHours(1), configuration.ProxyReplaceTimeout);
        Assert.Equal(TransportKind.Epoll, configuration.ProxyEngine);
        Assert.Equal(("edge-ams-1", "ams", 50000), (gate.NodeName, gate.Site, gate.MaxConnections));
        Assert.Equal((60, 30, 120), (Seconds(gate.LeaseTtl), Seconds(gate.LeaseHeartbeat), Seconds(gate.StopTimeout)));
    }

    [Fact]
    public void Every_key_of_a_check_reaches_the_gate()
    {
        var ownTcp = new CheckOptions(
            "tcp",
            new CheckKind.Tcp(7),
            new CheckSettings
            {
                Interval = TimeSpan.FromMilliseconds(100),
                FastInterval = TimeSpan.FromMilliseconds(100),
                StaleAfter = TimeSpan.FromMilliseconds(601),
            });

        Assert.Equal([ownTcp, Web, Script], Good("every-key.yaml").Gate.Checks);
    }

    [Fact]
    public void Every_key_of_a_pool_reaches_the_gate()
    {
        var pools = Good("every-key.yaml").Gate.Pools;

        var expected = new PoolOptions
        {
            Name = "weighted",
            Balance = Balance.RoundRobin,
            Check = Web,
            ConnectTimeout = TimeSpan.FromMilliseconds(250),
            ConnectRetries = 0,
            SlowStart = TimeSpan.FromSeconds(30),
            SendProxyProtocol = ProxyProtocol.Version2,
            Persistence = new(TimeSpan.FromMinutes(10), 24, 56, 500),
            Queue = new(50, TimeSpan.FromSeconds(2)),
            Backends = List(
                new BackendOptions("big", IPEndPoint.Parse("10.0.2.1:80"), 200, 100),
                new BackendOptions("spare", IPEndPoint.Parse("10.0.2.2:80"), 0),
                new BackendOptions("small", IPEndPoint.Parse("10.0.2.3:80")),
                new BackendOptions("other-node", IPEndPoint.Parse("10.0.3.1:80")) { IsBackup = true }),
        };
        Assert.Equal(expected, pools[1]);
        Assert.Equal(new CheckKind.Tcp(7), pools[0].Check.Kind);
    }

    [Fact]
    public void Every_way_to_balance_has_its_word()
    {
        var pools = Good("balance.yaml").Gate.Pools;

        Assert.Equal(Enum.GetNames<Balance>().Order(), pools.Select(pool => pool.Name).Order());
        Assert.All(pools, pool => Assert.Equal(pool.Name, $"{pool.Balance}"));
        Assert.Equal(
            new PersistenceOptions(TimeSpan.FromMinutes(30), 32, 64, 100_000),
            pools.Single(pool => pool.Persistence is not null).Persistence);
    }

    [Fact]
    public void Every_key_of_a_vip_reaches_the_gate()
    {
        var route = new RouteOptions
        {
            Med = 100,
            LocalPref = 200,
            AsPathPrepend = 3,
            Communities = "65001:100 no-export",
            LargeCommunities = "65001:1:1 65001:1:2",
            ExtendedCommunities = "rt:4200000001:1 0x4304000000000001",
            LinkBandwidth = 10_000_000_000,
        };
        var expected = new VipOptions
        {
            Settings = new VipSettings
            {
                Name = "web",
                MinHealthy = new MinHealthy(3, 34),
                StandbyBelowPercent = 50,
                ReadvertiseDelay = TimeSpan.FromMinutes(1),
                Drain = new VipDrainSettings
                {
                    HoldBeforeWithdraw = TimeSpan.FromSeconds(2),
                    AcknowledgeTimeout = TimeSpan.FromSeconds(10),
                    StrandedAfter = TimeSpan.FromSeconds(5),
                    ConnectionTimeout = TimeSpan.FromHours(1),
                },
            },
            Addresses = List(IPAddress.Parse("203.0.113.50"), IPAddress.Parse("2001:db8:0:1::50")),
            Listeners = List(
                new ListenerOptions(80, "weighted"),
                new ListenerOptions(443, "weighted", 1000, TimeSpan.FromHours(1))
                {
                    Sni = new(
                        List(
                            new SniRouteOptions(
                                List("www.example.com", "*.example.com"), List("h2", "http/1.1"), "weighted"),
                            new SniRouteOptions(List<string>(), List("acme-tls/1"), "weighted")),
                        ResetsOthers: true),
                    ProxyProtocol = new(
                        List(IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")),
                        TimeSpan.FromSeconds(3)),
                    FirstOctetTimeout = TimeSpan.FromSeconds(10),
                    HalfClosedTimeout = TimeSpan.FromMinutes(1),
                    TotalTimeout = TimeSpan.FromHours(24),
                    UserTimeout = TimeSpan.FromSeconds(30),
                    KeepAlive = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5), 3),
                    DefersAccept = true,
                    PerSource = new(100, 20, 50, 24, 48),
                }),
            Checks = List(Script, Web),
            Prefixes = List("203.0.113.0/24", "2001:db8::/48"),
            PrefixPolicy = PrefixPolicy.All,
            Route = route,
            StandbyRoute = route with { Med = 500 },
            DrainRoute = route with { Med = 400, Communities = "65001:100 65001:666 no-export" },
        };

        Assert.Equal(expected, Good("every-key.yaml").Gate.Vips[0]);
    }

    [Fact]
    public void Vip_defaults_reach_the_vips_and_are_replaced_as_a_whole()
    {
        var (dns, plain) = Good("every-key.yaml").Gate.Vips switch
        {
            [_, var second, var third] => (second.Settings, third),
            _ => throw new InvalidOperationException("the file has three VIPs"),
        };

        Assert.False(dns.HasListeners);
        Assert.Null(dns.StandbyBelowPercent);
        Assert.Equal(new MinHealthy(1, 100), plain.Settings.MinHealthy);
        Assert.Equal((40, 900u), (plain.Settings.StandbyBelowPercent, plain.StandbyRoute.Med));
        Assert.Equal(TimeSpan.Zero, plain.Settings.ReadvertiseDelay);
        Assert.False(plain.Settings.Drain.Depreferences);
        Assert.Equal(TimeSpan.Zero, plain.Settings.Drain.ConnectionTimeout);
        Assert.Equal(plain.Route, plain.DrainRoute);
    }

    [Fact]
    public void The_example_of_the_design_is_read()
    {
        var vip = Assert.Single(Good("design.yaml").Gate.Vips);

        Assert.Equal(["203.0.113.50/32", "2001:db8::50/128"], vip.Prefixes);
        Assert.Equal(new RouteOptions { Med = 100, Communities = "65001:100" }, vip.Route);
        Assert.Equal(new RouteOptions { Med = 500, Communities = "65001:100" }, vip.StandbyRoute);
        Assert.Equal(new RouteOptions { Med = 100, Communities = "65001:100 graceful-shutdown" }, vip.DrainRoute);
    }

    [Fact]
    public void Vips_that_share_a_prefix_may_differ_in_what_only_one_of_them_announces()
    {
        var vips = Read("""
            pools:
              web: {backends: [{name: s1, address: "127.0.0.1:8081"}]}
            vips:
              - name: a
                addresses: [203.0.113.50]
                listeners: [{port: 80, pool: web}]
                announce: {prefixes: [203.0.113.0/24]}
                standby: {below: 50%, med: 500}
                drain: {communities: ["65001:1"]}
              - name: b
                addresses: [203.0.113.51]
                listeners: [{port: 80, pool: web}]
                announce: {prefixes: [203.0.113.0/24]}
                drain: {depreference: false}
            """).Gate.Vips;

        Assert.Equal(2, vips.Count);
    }

    [Theory]
    [InlineData("checks: {up: {type: tcp}}", "7:10: warning: checks: nothing uses the check 'up'")]
    [InlineData(
        "pools: {web: {backends: [{name: s1, address: \"127.0.0.1:8081\"}]}}",
        "7:9: warning: pools: nothing uses the pool 'web'")]
    [InlineData(
        "pools: {web: {backends: [{name: s1, address: \"127.0.0.1:8081\"}]}}\n"
        + "vips: [{name: web, addresses: [\"2001:db8::1\"], listeners: [{port: 80, pool: web}]}]",
        "8:32: warning: no peer has ipv6-unicast among its families: 2001:db8::1/128 reaches nobody")]
    [InlineData(
        "checks: {up: {type: exec, command: [/nonexistent/up]}}\n"
        + "vips: [{name: web, addresses: [203.0.113.1], checks: [up]}]",
        "7:37: warning: command: '/nonexistent/up' is not an executable file on this machine")]
    [InlineData(
        "checks: {up: {type: exec, command: [/etc/passwd]}}\n"
        + "vips: [{name: web, addresses: [203.0.113.1], checks: [up]}]",
        "7:37: warning: command: '/etc/passwd' is not an executable file on this machine")]
    public void What_is_probably_not_meant_is_a_warning_and_no_error(string text, string expected)
    {
        using var directory = new TemporaryDirectory();
        var path = directory.Write("node.yaml", Start + text);

        var result = ConfigurationFile.Load(path);

        Assert.NotNull(result.Configuration);
        Assert.Equal($"{path}:{expected}", Assert.Single(result.Diagnostics).ToString());
    }

    private static NodeConfiguration Good(string name) => Load(TestFiles.PathOf($"good/{name}"));

    private static NodeConfiguration Read(string text)
    {
        using var directory = new TemporaryDirectory();
        return Load(directory.Write("node.yaml", Start + text));
    }

    private static NodeConfiguration Load(string path)
    {
        var result = ConfigurationFile.Load(path);
        Assert.Empty(result.Diagnostics);
        Assert.NotNull(result.Configuration);
        return result.Configuration;
    }

    // Options hold their lists as interfaces: what compares is the list behind them.
    private static ValueList<T> List<T>(params T[] items) => items.ToValueList();

    private static double Seconds(TimeSpan time) => time.TotalSeconds;
}

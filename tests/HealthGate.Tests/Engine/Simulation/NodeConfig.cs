using System.Net;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>The configurations between which reloads choose.</summary>
internal static class NodeConfig
{
    public const string SharedPrefix = "198.51.100.0/24";
    public const string RefusedPrefix = "192.0.2.9/32";

    public static readonly TimeSpan Dwell = TimeSpan.FromSeconds(4);

    private static readonly CheckOptions Check = new("tcp", new CheckKind.Tcp(), new());

    /// <summary>With shorter intervals.</summary>
    private static readonly CheckOptions FastCheck = Check with
    {
        Settings = new() { Interval = TimeSpan.FromMilliseconds(800), StaleAfter = TimeSpan.FromSeconds(4) },
    };

    public static IReadOnlyList<GateOptions> All { get; } =
    [
        Of(["203.0.113.1"], Check, 3, withApi: true),
        Of(["203.0.113.1", "203.0.113.2"], Check, 3, withApi: true),
        Of(["203.0.113.1"], FastCheck, 3, withApi: true),
        Of(["203.0.113.1"], Check, 4, withApi: false),
        Of(["203.0.113.2"], Check, 2, withApi: true),
    ];

    private static GateOptions Of(string[] web, CheckOptions check, int backends, bool withApi)
    {
        VipOptions[] api = withApi ? [Vip("api", "api", ["203.0.113.9"], ["203.0.113.9/32"])] : [];
        return new()
        {
            NodeName = "n1",
            Pools = [Pool("web", 8000, backends, check), Pool("api", 9000, 1, Check), Pool("low", 7000, 2, Check)],
            Vips =
            [
                Vip("web", "web", web, [.. web.Select(address => $"{address}/32")]) with
                {
                    Settings = Settings("web") with { StandbyBelowPercent = 50 },
                },
                .. api,
                Vip("one", "low", ["198.51.100.1"], [SharedPrefix]),
                Vip("two", "api", ["198.51.100.2"], [SharedPrefix]),
                Vip("bad", "low", ["192.0.2.9"], [RefusedPrefix]),
                Vip("dns", "", ["203.0.113.53"], ["203.0.113.53/32"]) with
                {
                    Settings = Settings("dns") with { HasListeners = false },
                    Listeners = [],
                    Checks = [new("answers", new CheckKind.Exec("/bin/dns", ""), new())],
                },
            ],
            StopTimeout = TimeSpan.FromSeconds(30),
        };
    }

    private static PoolOptions Pool(string name, int port, int backends, CheckOptions check) => new()
    {
        Name = name,
        Check = check,
        Backends = [.. Enumerable.Range(1, backends)
            .Select(index => new BackendOptions($"s{index}", new(IPAddress.Loopback, port + index)))],
    };

    private static VipOptions Vip(string name, string pool, string[] addresses, string[] prefixes) => new()
    {
        Settings = Settings(name),
        Addresses = [.. addresses.Select(IPAddress.Parse)],
        Listeners = [new(80, pool)],
        Prefixes = prefixes,
    };

    private static VipSettings Settings(string name) => new()
    {
        Name = name,
        ReadvertiseDelay = Dwell,
        Drain = new() { ConnectionTimeout = TimeSpan.FromSeconds(8) },
    };
}

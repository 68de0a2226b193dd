using System.Net;
using AnycastVip.HealthGate.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The keys of an item of <c>pools</c>.</summary>
internal static class PoolKeys
{
    /// <summary>The words for the ways to balance.</summary>
    public static readonly (string Word, Balance Value)[] BalanceWords =
    [
        ("leastConnections", HealthGate.Engine.Balance.LeastConnections),
        ("roundRobin", HealthGate.Engine.Balance.RoundRobin),
        ("leastResponseTime", HealthGate.Engine.Balance.LeastResponseTime),
        ("random", HealthGate.Engine.Balance.Random),
        ("sourceHash", HealthGate.Engine.Balance.SourceHash),
        ("maglev", HealthGate.Engine.Balance.Maglev),
    ];

    public static readonly Key<Balance> Balance = new(
        "balance",
        ScalarTypes.Choice(BalanceWords),
        "Who gets the next connection, all by weight: the one with the fewest; each in turn; the one that answers "
        + "soonest for its connections; the emptier one of two drawn at random; or always the same one for a client's "
        + "address, whichever node it reaches. `sourceHash` spreads addresses most evenly; `maglev` is as fast with a "
        + "thousand backends as with two.")
    {
        Default = "leastConnections",
    };

    public static readonly Key<string> Check = new(
        "check", BgpTypes.Name, "The name of the check that judges each backend.") { Default = "tcp" };

    public static readonly Key<TimeSpan> ConnectTimeout = new(
        "connectTimeout",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(5)),
        "How long one attempt to connect to a backend may take.") { Default = "1s" };

    public static readonly Key<long> ConnectRetries = new(
        "connectRetries", ScalarTypes.Integer(0, 16), "How many other backends are tried after a failed attempt.")
    {
        Default = "2",
    };

    public static readonly Key<TimeSpan> SlowStart = new(
        "slowStart",
        ScalarTypes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)),
        "Over this time a backend's weight grows to the full one after it came up. `0s`: at once.")
    {
        Default = "0s",
    };

    public static readonly SectionKey Persistence = new(
        "persistence",
        PersistenceKeys.Section,
        SectionShape.Mapping,
        "Sends a client's address to the backend that it had last, whatever `balance` says, while that takes "
        + "connections. The node alone remembers it: where routers may send a client to another node, `sourceHash` or "
        + "`maglev` chooses alike on all. Without it: no.");

    public static readonly SectionKey Queue = new(
        "queue",
        QueueKeys.Section,
        SectionShape.Mapping,
        "Where connections wait, first come first served, while every backend has its `maxConnections`. Without it "
        + "they are reset.");

    public static readonly Key<ProxyProtocol> SendProxyProtocol = new(
        "sendProxyProtocol",
        ScalarTypes.Choice(("v1", ProxyProtocol.Version1), ("v2", ProxyProtocol.Version2)),
        "The header by which backends learn the client's address: the PROXY protocol, as text or binary. The backends "
        + "must expect it; tcp and http checks send it too, as their own connection.")
    {
        Otherwise = "none: backends see the node's address",
    };

    public static readonly SectionKey Backends = new(
        "backends", BackendKeys.Section, SectionShape.List, "Who serves; at least one.") { IsRequired = true };

    public static readonly Section Section = new(
        [Balance, Check, ConnectTimeout, ConnectRetries, SlowStart, Persistence, SendProxyProtocol, Queue, Backends],
        []);
}

/// <summary>The keys under a pool's <c>persistence</c>.</summary>
internal static class PersistenceKeys
{
    public static readonly Key<TimeSpan> Ttl = new(
        "ttl",
        ScalarTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(168)),
        "How long after its last connection was begun.") { Default = "30m" };

    public static readonly Key<long> IPv4Prefix = new(
        "ipv4Prefix", ScalarTypes.Integer(1, 32), "So many bits of an IPv4 address count.") { Default = "32" };

    public static readonly Key<long> IPv6Prefix = new(
        "ipv6Prefix", ScalarTypes.Integer(1, 128), "So many bits of an IPv6 address count.") { Default = "64" };

    public static readonly Key<long> MaxEntries = new(
        "maxEntries",
        ScalarTypes.Integer(1, 1_000_000),
        "How many addresses are remembered, in about 56 octets each; one more takes the place of the one unused for "
        + "longest.")
    {
        Default = "100000",
    };

    public static readonly Section Section = new([Ttl, IPv4Prefix, IPv6Prefix, MaxEntries], []);
}

/// <summary>The keys under a pool's <c>queue</c>.</summary>
internal static class QueueKeys
{
    public static readonly Key<long> Size = new(
        "size", ScalarTypes.Integer(1, 65_536), "How many may wait at once; one more is reset.") { IsRequired = true };

    public static readonly Key<TimeSpan> Timeout = new(
        "timeout",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(5)),
        "How long each may wait; then it is reset.") { Default = "5s" };

    public static readonly Section Section = new([Size, Timeout], []);
}

/// <summary>The keys of an item of a pool's <c>backends</c>.</summary>
internal static class BackendKeys
{
    public static readonly Key<string> Name = new(
        "name", BgpTypes.Name, "The backend's name, unique in its pool.") { IsRequired = true };

    public static readonly Key<IPEndPoint> Address = new(
        "address", GateTypes.BackendAddress, "Where it listens, unique in its pool; quote it.") { IsRequired = true };

    public static readonly Key<long> Weight = new(
        "weight", ScalarTypes.Integer(0, 1000), "Its share beside the others; 0: no new connections.")
    {
        Default = "100",
    };

    public static readonly Key<long> MaxConnections = new(
        "maxConnections", GateTypes.Connections, "Connections held at once; a full backend is passed over.")
    {
        Otherwise = "no limit",
    };

    public static readonly Key<bool> Backup = new(
        "backup",
        ScalarTypes.Boolean,
        "It gets connections only when no other backend can take one, and as the last of `connectRetries`: clients see "
        + "no error until routers send them elsewhere. It counts for neither `minHealthy` nor `standby`. Name another "
        + "node's backends, not its VIP: two proxies that back each other up pass a connection round in circles.")
    {
        Default = "false",
    };

    public static readonly Section Section = new([Name, Address, Weight, MaxConnections, Backup], []);
}

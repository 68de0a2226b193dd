using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Health;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The keys of an item of <c>vips</c>, and of <c>vipDefaults</c>.</summary>
internal static class VipKeys
{
    public static readonly Key<string> Name = new(
        "name", BgpTypes.Name, "The VIP's name, unique.") { IsRequired = true };

    public static readonly ListKey<IPAddress> Addresses = new(
        "addresses",
        GateTypes.VipAddress,
        "Where clients come to, IPv4 and IPv6, on `lo`; at least one, and none in two VIPs.") { IsRequired = true };

    public static readonly SectionKey Listeners = new(
        "listeners",
        ListenerKeys.Section,
        SectionShape.List,
        "What the proxy accepts on each of the addresses. Without any the VIP is announce-only: another daemon of this "
        + "node serves it, and `checks` say how it is.");

    public static readonly ListKey<string> Checks = new(
        "checks",
        BgpTypes.Name,
        "The names of checks that must all pass, besides the pools' own. tcp and http ask the first of `addresses`, "
        + "and need a `port`. Required without `listeners`.");

    public static readonly SectionKey MinHealthy = new(
        "minHealthy",
        MinHealthyKeys.Section,
        SectionShape.Mapping,
        "How many backends of each pool must be up, for the VIP to be announced; only with `listeners`.");

    public static readonly SectionKey Announce = new(
        "announce", AnnounceKeys.Section, SectionShape.Mapping, "What is announced, and with which attributes.");

    public static readonly SectionKey Standby = new(
        "standby",
        StandbyKeys.Section,
        SectionShape.Mapping,
        "When to send traffic to better sites but stay reachable; only with `listeners`. A worse MED takes all "
        + "traffic away while a better path exists.");

    public static readonly SectionKey Drain = new(
        "drain", DrainKeys.Section, SectionShape.Mapping, "How the VIP goes by an operator's order, or at a stop.");

    public static readonly SectionKey Damping = new(
        "damping", DampingKeys.Section, SectionShape.Mapping, "How a VIP that comes and goes is slowed down.");

    private static readonly Key[] Shared = [MinHealthy, Standby, Drain, Damping];

    public static readonly Section Section = new([Name, Addresses, Listeners, Checks, Announce, .. Shared], []);

    public static readonly Section DefaultsSection = new(Shared, []);
}

/// <summary>The keys of an item of a VIP's <c>listeners</c>.</summary>
internal static class ListenerKeys
{
    public static readonly Key<long> Port = new(
        "port", GateTypes.Port, "The TCP port, unique in the VIP.") { IsRequired = true };

    public static readonly Key<string> Pool = new(
        "pool", BgpTypes.Name, "The name of the pool that gets its connections.") { IsRequired = true };

    public static readonly Key<long> MaxConnections = new(
        "maxConnections", GateTypes.Connections, "Connections held at once; further ones wait in the kernel's queue.")
    {
        Otherwise = "no limit",
    };

    public static readonly Key<TimeSpan> IdleTimeout = new(
        "idleTimeout",
        ScalarTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(168)),
        "A connection on which nothing is sent for so long is reset.") { Otherwise = "never" };

    public static readonly Section Section = new(
        [
            Port, Pool, ProxyProtocolKeys.Listener, SniKeys.Listener, MaxConnections, IdleTimeout,
            .. ListenerLimitKeys.All,
        ],
        []);
}

/// <summary>The keys under <c>minHealthy</c>: the greater of both counts.</summary>
internal static class MinHealthyKeys
{
    public static readonly Key<long> Count = new(
        "count",
        ScalarTypes.Integer(1, 10_000),
        "Backends, without backups; not more than the smallest pool has.") { Default = "1" };

    public static readonly Key<int> Percent = new(
        "percent", GateTypes.Percent, "Of the pool's backends, rounded up; the greater of both counts.");

    public static readonly Section Section = new([Count, Percent], []);
}

/// <summary>The keys under <c>announce</c>.</summary>
internal static class AnnounceKeys
{
    public static readonly ListKey<Prefix> Prefixes = new(
        "prefixes",
        BgpTypes.Prefix,
        "What is announced: inside `speaker.allowedPrefixes`, each with an address of the VIP, each address in one.")
    {
        Otherwise = "each address by itself, as /32 or /128",
    };

    public static readonly Key<PrefixPolicy> PrefixPolicy = new(
        "prefixPolicy",
        ScalarTypes.Choice(
            ("any", HealthGate.Health.PrefixPolicy.Any), ("all", HealthGate.Health.PrefixPolicy.All)),
        "Which of the VIPs that share a prefix must be up for it to be announced; all of them say the same.")
    {
        Default = "any",
    };

    public static readonly Key<long> Med = new(
        "med", GateTypes.Preference, "MULTI_EXIT_DISC.") { Otherwise = "the peer's `med`" };

    public static readonly Key<long> LocalPref = new(
        "localPref", GateTypes.Preference, "LOCAL_PREF, towards iBGP peers.") { Otherwise = "the peer's `localPref`" };

    public static readonly Key<long> AsPathPrepend = new(
        "asPathPrepend",
        ScalarTypes.Integer(0, RouteAttributes.MaximumPrepend),
        "How often our AS number is put in front once more, towards eBGP peers.") { Default = "0" };

    public static readonly ListKey<uint> Communities = new(
        "communities", BgpTypes.Community, "RFC 1997; a peer's own are added.")
    {
        Maximum = RouteAttributes.MaximumCommunities,
    };

    public static readonly ListKey<ExtendedCommunity> ExtendedCommunities = new(
        "extendedCommunities", BgpTypes.ExtendedCommunity, "RFC 4360; a peer's own are added.")
    {
        Maximum = RouteAttributes.MaximumCommunities,
    };

    public static readonly Key<ulong> LinkBandwidth = new(
        "linkBandwidth",
        Bandwidth.Type,
        "The link bandwidth community: how much of the traffic a router that weighs its ECMP "
        + "sends here; most do only if every node announces one.")
    {
        Otherwise = "the peer's `linkBandwidth`",
    };

    public static readonly ListKey<LargeCommunity> LargeCommunities = new(
        "largeCommunities", BgpTypes.LargeCommunity, "RFC 8092; a peer's own are added.")
    {
        Maximum = RouteAttributes.MaximumCommunities,
    };

    public static readonly Section Section = new(
        [
            Prefixes, PrefixPolicy, Med, LocalPref, AsPathPrepend, Communities, ExtendedCommunities, LargeCommunities,
            LinkBandwidth,
        ],
        []);
}

/// <summary>The keys under <c>standby</c>.</summary>
internal static class StandbyKeys
{
    public static readonly Key<int> Below = new(
        "below", GateTypes.Percent, "Applies while a smaller share of a pool's backends is up.") { IsRequired = true };

    public static readonly Key<long> Med = new(
        "med", GateTypes.Preference, "Announced then; greater than `announce.med`.") { IsRequired = true };

    public static readonly Section Section = new([Below, Med], []);
}

/// <summary>The keys under <c>drain</c>.</summary>
internal static class DrainKeys
{
    public static readonly Key<bool> Depreference = new(
        "depreference",
        ScalarTypes.Boolean,
        "Make the path worse before it is withdrawn, so that routers have chosen another one first.")
    {
        Default = "true",
    };

    public static readonly ListKey<uint> Communities = new(
        "communities", BgpTypes.Community, "What makes it worse (RFC 8326), added to those of `announce`.")
    {
        Default = ["graceful-shutdown"],
        Maximum = RouteAttributes.MaximumCommunities,
    };

    public static readonly Key<long> Med = new(
        "med", GateTypes.Preference, "What makes it worse too; greater than `announce.med`.")
    {
        Otherwise = "`announce.med`",
    };

    public static readonly Key<TimeSpan> HoldBeforeWithdraw = new(
        "holdBeforeWithdraw",
        ScalarTypes.Duration(TimeSpan.Zero, TimeSpan.FromMinutes(5)),
        "From the peers' acknowledgement of the worse path to the withdraw.") { Default = "1s" };

    public static readonly Key<TimeSpan> AcknowledgeTimeout = new(
        "acknowledgeTimeout",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)),
        "How long an acknowledgement is waited for: a dead peer must not stop a drain.") { Default = "5s" };

    public static readonly Key<TimeSpan> StrandedAfter = new(
        "strandedAfter",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        "After the withdraw, connections whose client sent nothing for so long are closed.") { Default = "3s" };

    public static readonly Key<TimeSpan> ConnectionTimeout = new(
        "connectionTimeout",
        ScalarTypes.Duration(TimeSpan.Zero, TimeSpan.FromHours(24)),
        "So long after the withdraw all connections are closed. Before, in the last quarter of this time and at most "
        + "30 s, they are ended one after the other, each to be reset if it has not closed a third of that later.")
    {
        Default = "5m",
    };

    public static readonly Section Section = new(
        [Depreference, Communities, Med, HoldBeforeWithdraw, AcknowledgeTimeout, StrandedAfter, ConnectionTimeout], []);
}

/// <summary>The keys under <c>damping</c>.</summary>
internal static class DampingKeys
{
    public static readonly Key<TimeSpan> ReadvertiseDelay = new(
        "readvertiseDelay",
        ScalarTypes.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)),
        "The least time between two changes of what is announced, and how long a VIP must be healthy after a withdraw. "
        + "A withdraw is never held back.") { Default = "10s" };

    public static readonly Section Section = new([ReadvertiseDelay], []);
}

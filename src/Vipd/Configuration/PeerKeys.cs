using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The keys of an item of <c>peers</c>, and of <c>peerDefaults</c>.</summary>
internal static class PeerKeys
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public static readonly Key<string> Name = new(
        "name", BgpTypes.Name, "The peer's name, unique.") { IsRequired = true };

    public static readonly Key<ScopedAddress> Address = new(
        "address", BgpTypes.PeerAddress, "Where the peer is, unique.")
    {
        Otherwise = "learned from router advertisements on `interface`",
    };

    public static readonly Key<string> Interface = new(
        "interface",
        BgpTypes.Interface,
        "The interface of a link-local `address`, instead of `%interface` in it. Without `address` the peer is "
        + "unnumbered: the one router that sends IPv6 router advertisements on this interface.");

    public static readonly Key<IPAddress> LocalAddress = new(
        "localAddress", BgpTypes.HostAddress, "Our end of the connection, of the family of `address`.")
    {
        Otherwise = "the kernel chooses",
    };

    public static readonly Key<long> Port = new(
        "port", ScalarTypes.Integer(1, ushort.MaxValue), "The TCP port to dial.") { Default = "179" };

    public static readonly Key<uint> Asn = new(
        "asn", BgpTypes.Asn, "The peer's AS number: the one that it must prove.")
    {
        Otherwise = "required, here or in `peerDefaults`",
    };

    public static readonly Key<uint> LocalAsn = new(
        "localAsn", BgpTypes.Asn, "Our AS number towards this peer.") { Otherwise = "`node.asn`" };

    public static readonly ListKey<Family> Families = new(
        "families",
        BgpTypes.Family,
        "The address families to offer; at least one.") { Otherwise = "the family of `address`; both without one" };

    public static readonly Key<bool> ExtendedNextHop = new(
        "extendedNextHop",
        ScalarTypes.Boolean,
        "Offer IPv6 next hops for IPv4 prefixes (RFC 8950), on a session over IPv6; once agreed on, IPv4 prefixes go "
        + "out with them unless `nextHop.ipv4` is set.")
    {
        Otherwise = "`false`, `true` for an unnumbered peer",
    };

    public static readonly Key<TimeSpan> HoldTime = new(
        "holdTime",
        BgpTypes.HoldTime,
        "The hold time to propose; the less of both sides' counts (RFC 4271 section 4.2). `0s`: none, a dead peer is "
        + "not noticed.") { Default = "9s" };

    public static readonly Key<TimeSpan> SendHoldTime = new(
        "sendHoldTime",
        ScalarTypes.Duration(TimeSpan.FromSeconds(10), 24 * Hour),
        "The session ends when nothing could be sent for so long (RFC 9687); more than `holdTime`.")
    {
        Otherwise = "8m, or twice the negotiated hold time if that is more",
    };

    public static readonly Key<bool> Passive = new(
        "passive", ScalarTypes.Boolean, "Never dial, only accept.") { Default = "false" };

    public static readonly Key<bool> Shutdown = new(
        "shutdown", ScalarTypes.Boolean, "Down at start until an operator brings it up.") { Default = "false" };

    public static readonly Key<string> PasswordFile = new(
        "passwordFile",
        ScalarTypes.Text,
        "File with the TCP MD5 key (RFC 2385): one line of 1–80 octets of UTF-8. A relative path counts from this "
        + "file's directory.");

    public static readonly Key<long> TtlSecurityHops = new(
        "ttlSecurityHops",
        ScalarTypes.Integer(1, 254),
        "GTSM (RFC 5082): how many hops away the peer may be; 1 for a neighbour on the link. The peer must have it "
        + "too.");

    public static readonly Key<long> Ttl = new(
        "ttl",
        ScalarTypes.Integer(1, 255),
        "TTL towards an eBGP peer without `ttlSecurityHops`. For a peer behind routers (eBGP multihop): the number of "
        + "hops, 2 behind one router. The peer need not be on a connected network.")
    {
        Otherwise = "1 for eBGP, the kernel's for iBGP",
    };

    public static readonly SectionKey Bfd = new(
        "bfd",
        BfdKeys.Section,
        SectionShape.Mapping,
        "The BFD session (RFC 5880) that watches the peer: when it goes Down, BGP ends at once with Cease/10 "
        + $"(RFC 9384). `{BfdKeys.None}` for none where `peerDefaults` has one. The peer must have it too.")
    {
        Short = new(
            $"name of a profile, or `{BfdKeys.None}`", BgpTypes.Name.JsonSchema, BgpTypes.Name.Read),
    };

    public static readonly Key<BgpRole> Role = new(
        "role",
        BgpTypes.Role,
        "What we are to an eBGP peer (RFC 9234): it must be the counterpart if it has a role too, and what we announce "
        + "as provider, rs-server or peer is marked as only for its customers.") { Otherwise = "no role" };

    public static readonly Key<bool> StrictRole = new(
        "strictRole", ScalarTypes.Boolean, "Refuse a peer that announces no role; only with `role`.")
    {
        Default = "false",
    };

    public static readonly Key<bool> AddPath = new(
        "addPath",
        ScalarTypes.Choice(("none", false), ("receive", true)),
        "Take several paths for one prefix (RFC 7911), for a router that insists on sending them; they are counted and "
        + "dropped like every route of a peer. Not with `installDefaultRoute`.") { Default = "none" };

    public static readonly Key<TimeSpan> ConnectTimeout = new(
        "connectTimeout",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
        "How long one attempt to connect may take.") { Default = "5s" };

    public static readonly Key<TimeSpan> RetryMinimum = new(
        "retryMinimum",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(100), Hour),
        "The first wait after a failure; it doubles at each failure in a row, with jitter.") { Default = "1s" };

    public static readonly Key<TimeSpan> RetryMaximum = new(
        "retryMaximum",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(100), Hour),
        "The longest wait between two attempts; not less than `retryMinimum`.") { Default = "5s" };

    public static readonly Key<TimeSpan> RetryAfterCease = new(
        "retryAfterCease",
        ScalarTypes.Duration(TimeSpan.FromSeconds(1), Hour),
        "The wait after a Cease that does not pass by itself (prefix limit, shutdown, de-configured, out of "
        + "resources).") { Default = "30s" };

    public static readonly SectionKey GracefulRestart = new(
        "gracefulRestart",
        GracefulRestartKeys.Section,
        SectionShape.Mapping,
        "Graceful restart (RFC 4724, RFC 8538): the peer keeps the routes while this speaker is restarted or upgraded. "
        + "Without it they go when the session does.");

    public static readonly Key<long> MaximumPrefixes = new(
        "maximumPrefixes",
        ScalarTypes.Integer(1, 100_000),
        "How many prefixes of each family the peer may announce. One more ends the session with Cease/1 (RFC 4486), "
        + "and the peer is refused for `retryAfterCease`.") { Otherwise = "any number: they are dropped anyway" };

    public static readonly SectionKey InstallDefaultRoute = new(
        "installDefaultRoute",
        InstallDefaultRouteKeys.Section,
        SectionShape.Mapping,
        "Install the default routes that the peer announces in the kernel, as long as the session lasts: `0.0.0.0/0` "
        + "and `::/0`, marked with route protocol 86. Peers of one metric share a multipath route. Without it whatever "
        + "a peer announces is dropped.");

    public static readonly SectionKey NextHop = new(
        "nextHop", NextHopKeys.Section, SectionShape.Mapping, "What stands as next hop in announcements.");

    public static readonly Key<long> Med = new(
        "med",
        ScalarTypes.Integer(0, uint.MaxValue),
        "MULTI_EXIT_DISC where an announcement has none.");

    public static readonly Key<long> LocalPref = new(
        "localPref",
        ScalarTypes.Integer(0, uint.MaxValue),
        "LOCAL_PREF where an announcement has none; iBGP only.") { Otherwise = "100 for iBGP" };

    public static readonly Key<long> AsPathPrepend = new(
        "asPathPrepend",
        ScalarTypes.Integer(0, RouteAttributes.MaximumPrepend),
        "How often our AS number is put in front once more; eBGP only.") { Default = "0" };

    public static readonly ListKey<uint> Communities = new(
        "communities", BgpTypes.Community, "Added to each announcement (RFC 1997).")
    {
        Maximum = RouteAttributes.MaximumCommunities,
    };

    public static readonly ListKey<ExtendedCommunity> ExtendedCommunities = new(
        "extendedCommunities", BgpTypes.ExtendedCommunity, "Added to each announcement (RFC 4360).")
    {
        Maximum = RouteAttributes.MaximumCommunities,
    };

    public static readonly Key<ulong> LinkBandwidth = new(
        "linkBandwidth",
        Bandwidth.Type,
        "The link bandwidth community where an announcement has none (draft-ietf-idr-link-bandwidth).");

    public static readonly ListKey<LargeCommunity> LargeCommunities = new(
        "largeCommunities", BgpTypes.LargeCommunity, "Added to each announcement (RFC 8092).")
    {
        Maximum = RouteAttributes.MaximumCommunities,
    };

    private static readonly Key[] Shared =
    [
        Asn, LocalAsn, Port, Families, ExtendedNextHop, HoldTime, SendHoldTime, Passive, Shutdown, PasswordFile,
        TtlSecurityHops, Ttl, Bfd, Role, StrictRole, AddPath, ConnectTimeout, RetryMinimum, RetryMaximum,
        RetryAfterCease, GracefulRestart, MaximumPrefixes, InstallDefaultRoute, NextHop, Med, LocalPref, AsPathPrepend,
        Communities, ExtendedCommunities, LargeCommunities, LinkBandwidth,
    ];

    public static readonly Section Section = new([Name, Address, Interface, LocalAddress, .. Shared], []);

    public static readonly Section DefaultsSection = new(Shared, []);
}

/// <summary>The keys under <c>gracefulRestart</c> of a peer.</summary>
internal static class GracefulRestartKeys
{
    public static readonly Key<TimeSpan> RestartTime = new(
        "restartTime",
        BgpTypes.RestartTime,
        "How long the peer keeps the routes when the session is lost, also when this node is dead: short. `0s`: off, "
        + "where `peerDefaults` has it on.") { Default = "15s" };

    public static readonly Section Section = new([RestartTime], []);
}

/// <summary>The keys under <c>installDefaultRoute</c> of a peer.</summary>
internal static class InstallDefaultRouteKeys
{
    public static readonly Key<long> Metric = new(
        "metric",
        ScalarTypes.Integer(0, uint.MaxValue),
        "The metric of the kernel route, one that no other program uses. 0: off, where `peerDefaults` has it on.")
    {
        Default = "200",
    };

    public static readonly Section Section = new([Metric], []);
}

/// <summary>The keys under <c>nextHop</c> of a peer.</summary>
internal static class NextHopKeys
{
    public static readonly Key<IPAddress> IPv4 = new(
        "ipv4", BgpTypes.NextHop(AddressFamily.InterNetwork), "NEXT_HOP of IPv4 prefixes.")
    {
        Otherwise = "the session's own address, or the IPv4 address of its interface",
    };

    public static readonly Key<IPAddress> IPv6 = new(
        "ipv6", BgpTypes.NextHop(AddressFamily.InterNetworkV6), "Next hop of IPv6 prefixes.")
    {
        Otherwise = "the session's own address, or the IPv6 address of its interface",
    };

    public static readonly Section Section = new([IPv4, IPv6], []);
}

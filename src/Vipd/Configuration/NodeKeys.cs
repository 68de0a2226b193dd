using System.Net;
using System.Text;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Proxy.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The keys of the file's top level.</summary>
internal static class RootKeys
{
    public static readonly Key<long> Version = new(
        "version",
        new("1", """{"const":1}""", scalar => scalar.IsPlain && scalar.Text == "1"
            ? 1
            : new Refused($"{scalar.Text.Quoted()} is not known: this program reads 1, without quotes")),
        "Version of the file's format.") { IsRequired = true };

    public static readonly SectionKey Node = new(
        "node", NodeKeys.Section, SectionShape.Mapping, "Who this node is.") { IsRequired = true };

    public static readonly SectionKey Api = new(
        "api", ApiKeys.Section, SectionShape.Mapping, "Where the processes of a node meet.");

    public static readonly SectionKey State = new(
        "state", StateKeys.Section, SectionShape.Mapping, "What outlives a restart of the node.");

    public static readonly SectionKey BfdProfiles = new(
        "bfdProfiles", BfdProfileKeys.Section, SectionShape.Named, "Timers of BFD sessions, for `bfd` of peers.");

    public static readonly SectionKey PeerDefaults = new(
        "peerDefaults",
        PeerKeys.DefaultsSection,
        SectionShape.Mapping,
        "What applies to each peer that does not say otherwise. A peer's own value replaces the default as a whole, "
        + "also where it is a list or a mapping.");

    public static readonly SectionKey Peers = new(
        "peers",
        PeerKeys.Section,
        SectionShape.List,
        "The routers to announce to. Without any, nothing is announced to anyone.");

    public static readonly SectionKey Speaker = new(
        "speaker", SpeakerKeys.Section, SectionShape.Mapping, "What the BGP speaker may do.");

    public static readonly SectionKey Lease = new(
        "lease",
        LeaseKeys.Section,
        SectionShape.Mapping,
        "How long an announcement outlives the client that asked for it.");

    public static readonly SectionKey Checks = new(
        "checks",
        CheckKeys.Section,
        SectionShape.Named,
        "How the health of backends and VIPs is judged. `tcp` is there without being written: a connection to the "
        + "backend's port, with all defaults; a check of that name replaces it.");

    public static readonly SectionKey Pools = new(
        "pools", PoolKeys.Section, SectionShape.Named, "The backends that listeners share connections out to.");

    public static readonly SectionKey VipDefaults = new(
        "vipDefaults",
        VipKeys.DefaultsSection,
        SectionShape.Mapping,
        "What applies to each VIP that does not say otherwise. A VIP's own value replaces the default as a whole.");

    public static readonly SectionKey Vips = new(
        "vips", VipKeys.Section, SectionShape.List, "The addresses that this node serves and announces.");

    public static readonly SectionKey Proxy = new(
        "proxy", ProxyKeys.Section, SectionShape.Mapping, "What the proxy may do.");

    public static readonly SectionKey Stop = new(
        "stop", StopKeys.Section, SectionShape.Mapping, "How the node goes when it is told to (SIGTERM).");

    public static readonly Section Section = new(
        [
            Version, Node, Api, State, BfdProfiles, PeerDefaults, Peers, Speaker, Lease, Checks, Pools, VipDefaults,
            Vips, Proxy, Stop,
        ],
        []);
}

/// <summary>The keys under <c>node</c>.</summary>
internal static class NodeKeys
{
    public static readonly Key<string> Name = new(
        "name", BgpTypes.Name, "The node's name, in views and in the FQDN capability.") { IsRequired = true };

    public static readonly Key<string> Site = new("site", BgpTypes.Name, "Where the node stands, in views.");

    public static readonly Key<uint> Asn = new("asn", BgpTypes.Asn, "The node's AS number.") { IsRequired = true };

    public static readonly Key<uint> RouterId = new(
        "routerId", BgpTypes.RouterId, "The BGP identifier (RFC 6286), unique in the AS.") { IsRequired = true };

    public static readonly Section Section = new([Name, Site, Asn, RouterId], []);
}

/// <summary>The keys under <c>api</c>.</summary>
internal static class ApiKeys
{
    // sockaddr_un holds 108 octets with the final zero; the rest is for "/speaker.sock" and its siblings.
    private const int LongestDirectory = 90;

    public static readonly Key<string> Directory = new(
        "directory",
        new($"absolute path of 1–{LongestDirectory} octets", """{"type":"string","pattern":"^/"}""", ReadDirectory),
        "Holds the Unix sockets of the processes, such as `speaker.sock`.") { Default = "/run/vipd" };

    public static readonly Section Section = new([Directory], []);

    private static ScalarResult<string> ReadDirectory(YamlScalar scalar)
    {
        var path = GateTypes.AbsolutePath.Read(scalar);
        return path.Refusal is not null || Encoding.UTF8.GetByteCount(path.Value) <= LongestDirectory
            ? path
            : new Refused($"{scalar.Text.Quoted()} is longer than {LongestDirectory} octets: no socket path would fit");
    }
}

/// <summary>The keys under <c>state</c>.</summary>
internal static class StateKeys
{
    public static readonly Key<string> Directory = new(
        "directory",
        GateTypes.AbsolutePath,
        "Holds the operator's drains. It must exist, on a file system that outlives a reboot.")
    {
        Default = "/var/lib/vipd",
    };

    public static readonly Section Section = new([Directory], []);
}

/// <summary>The keys under <c>proxy</c>.</summary>
internal static class ProxyKeys
{
    public static readonly Key<long> MaxConnections = new(
        "maxConnections", GateTypes.Connections, "Connections held at once over all listeners.")
    {
        Otherwise = "as many as the limit on descriptors allows",
    };

    public static readonly Key<TimeSpan> ReplaceTimeout = new(
        "replaceTimeout",
        ScalarTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)),
        "How long a proxy process that another one replaces (`vipctl proxy replace`) lets its connections go on before "
        + "it resets them. The process that takes over tells it: a new value needs no restart.")
    {
        Default = "10m",
    };

    public static readonly Key<TransportKind> Engine = new(
        "engine",
        ScalarTypes.Choice(
            ("auto", TransportKind.Auto), ("epoll", TransportKind.Epoll), ("io_uring", TransportKind.IoUring)),
        "The interface of the kernel that carries connections. `auto` takes io_uring where the kernel has it (Linux "
        + "6.0) and allows it, as many containers do not, and epoll elsewhere. With `io_uring` the proxy does not "
        + "start where that is impossible.")
    {
        Default = "auto",
    };

    public static readonly Section Section = new([MaxConnections, Engine, ReplaceTimeout], []);
}

/// <summary>The keys under <c>stop</c>.</summary>
internal static class StopKeys
{
    public static readonly Key<TimeSpan> Timeout = new(
        "timeout",
        ScalarTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
        "How long the drain of all VIPs may take that a stop begins; connections get what its other steps leave, "
        + "which must all fit. Shorter than the service manager's own time-out (systemd: `TimeoutStopSec`).")
    {
        Default = "60s",
    };

    public static readonly Section Section = new([Timeout], []);
}

/// <summary>The keys under <c>speaker</c>.</summary>
internal static class SpeakerKeys
{
    public static readonly ListKey<IPEndPoint> Listen = new(
        "listen",
        BgpTypes.EndPoint,
        "Where to accept peers. An empty list: only dial. An IPv6 address accepts no IPv4.")
    {
        Default = ["0.0.0.0:179", "[::]:179"],
    };

    public static readonly SectionKey AllowedPrefixes = new(
        "allowedPrefixes",
        AllowedPrefixKeys.Section,
        SectionShape.List,
        "What may be announced, whatever a client asks for. Without it nothing may.");

    public static readonly Section Section = new([Listen, AllowedPrefixes], []);
}

/// <summary>The keys of an item of <c>speaker.allowedPrefixes</c>.</summary>
internal static class AllowedPrefixKeys
{
    public static readonly Key<Prefix> Prefix = new(
        "prefix", BgpTypes.Prefix, "What is announced lies inside this prefix.") { IsRequired = true };

    public static readonly Key<long> Ge = new(
        "ge", ScalarTypes.Integer(0, 128), "It is at least this long.") { Otherwise = "the prefix's length" };

    public static readonly Key<long> Le = new(
        "le", ScalarTypes.Integer(0, 128), "It is at most this long, and `le` is not less than `ge`.")
    {
        Otherwise = "with `ge` 32 (IPv6: 128), else the prefix's length",
    };

    public static readonly Section Section = new([Prefix, Ge, Le], []);
}

/// <summary>The keys under <c>lease</c>.</summary>
internal static class LeaseKeys
{
    public static readonly Key<TimeSpan> Ttl = new(
        "ttl",
        ScalarTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60)),
        "How long announcements stay after their client fell silent, where the client asks for no other time.")
    {
        Default = "5s",
    };

    public static readonly Key<TimeSpan> Heartbeat = new(
        "heartbeat",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30)),
        "How often a client is to be heard; at most half of `ttl`.") { Default = "1s" };

    public static readonly Section Section = new([Ttl, Heartbeat], []);
}

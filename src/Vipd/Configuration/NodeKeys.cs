using System.Net;
using System.Text;
using AnycastVip.BgpSpeaker.Wire;
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
        "node", NodeKeys.Section, false, "Who this node is.") { IsRequired = true };

    public static readonly SectionKey Api = new("api", ApiKeys.Section, false, "Where the processes of a node meet.");

    public static readonly SectionKey PeerDefaults = new(
        "peerDefaults",
        PeerKeys.DefaultsSection,
        false,
        "What applies to each peer that does not say otherwise. A peer's own value replaces the default as a whole, "
        + "also where it is a list or a mapping.");

    public static readonly SectionKey Peers = new(
        "peers", PeerKeys.Section, true, "The routers to announce to. Without any, nothing is announced to anyone.");

    public static readonly SectionKey Speaker = new(
        "speaker", SpeakerKeys.Section, false, "What the BGP speaker may do.");

    public static readonly SectionKey Lease = new(
        "lease", LeaseKeys.Section, false, "How long an announcement outlives the client that asked for it.");

    public static readonly Section Section = new(
        [Version, Node, Api, PeerDefaults, Peers, Speaker, Lease],
        ["bfdProfiles", "checks", "pools", "vips", "damping"]);
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
        if (!scalar.Text.StartsWith('/') || scalar.Text.Contains('\0', StringComparison.Ordinal))
            return new Refused($"{scalar.Text.Quoted()} is not an absolute path");
        return Encoding.UTF8.GetByteCount(scalar.Text) <= LongestDirectory
            ? scalar.Text
            : new Refused($"{scalar.Text.Quoted()} is longer than {LongestDirectory} octets: no socket path would fit");
    }
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
        true,
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

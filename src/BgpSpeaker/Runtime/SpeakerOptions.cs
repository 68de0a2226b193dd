using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>Everything that the speaker is told, already checked by whoever read the configuration.</summary>
public sealed record SpeakerOptions
{
    /// <summary>The node's name, for views.</summary>
    public required string NodeName { get; init; }

    /// <summary>The node's AS number (peers may override it).</summary>
    public required uint Asn { get; init; }

    /// <summary>The BGP identifier, RFC 6286: not 0.</summary>
    public required uint RouterId { get; init; }

    /// <summary>Where to accept peers; empty: only dial.</summary>
    public ValueList<IPEndPoint> Listen { get; init; }

    /// <summary>What may be announced; empty: nothing.</summary>
    public ValueList<AllowedPrefix> AllowedPrefixes { get; init; }

    /// <summary>The lease's time to live where a client asks for none: 1 s – 60 s.</summary>
    public TimeSpan LeaseTtl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The heartbeat interval where a client asks for none: at most half of the time to live.</summary>
    public TimeSpan LeaseHeartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The peers, by unique name and unique address.</summary>
    public ValueList<PeerOptions> Peers { get; init; }
}

/// <summary>One peer: how to reach it, how to talk to it, what it is told.</summary>
public sealed record PeerOptions
{
    /// <summary>Unique among the peers.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Where the peer is, without scope; <c>::</c> when it is learned from Router Advertisements on
    /// <see cref="Interface"/>.
    /// </summary>
    public required IPAddress Address { get; init; }

    /// <summary>The peer's address is not configured but learned.</summary>
    public bool IsUnnumbered => Address.Equals(IPAddress.IPv6Any);

    /// <summary>Its port, usually 179.</summary>
    public int Port { get; init; } = 179;

    /// <summary>Our end of the connection; null lets the kernel choose.</summary>
    public IPAddress? LocalAddress { get; init; }

    /// <summary>
    /// The interface of an unnumbered peer or behind a link-local <see cref="Address"/>, by name: its index may change.
    /// </summary>
    public string? Interface { get; init; }

    /// <summary>TCP MD5 key, RFC 2385: 1–80 octets of UTF-8; null for none.</summary>
    public string? Password { get; init; }

    /// <summary>
    /// GTSM, RFC 5082: how many hops away the peer may be, 1–254. Packets are sent with TTL 255 and taken only with
    /// at least 255 − hops + 1. Null for none.
    /// </summary>
    public int? TtlSecurityHops { get; init; }

    /// <summary>TTL towards an eBGP peer without GTSM; null: 1 for eBGP, the kernel's for iBGP.</summary>
    public int? Ttl { get; init; }

    /// <summary>No router forwards what we send to the peer.</summary>
    internal bool ReachesOneHop => TtlSecurityHops is null && (Ttl == 1 || (Ttl is null && Session.IsExternal));

    /// <summary>The BFD session that watches this peer; null: none.</summary>
    public BfdOptions? Bfd { get; init; }

    /// <summary>Taken down at start, until an operator brings it up.</summary>
    public bool Shutdown { get; init; }

    /// <summary>What the state machines need.</summary>
    public required PeerSettings Session { get; init; }

    /// <summary>NEXT_HOP for IPv4 prefixes; null: the session's own address, or that of its interface.</summary>
    public IPAddress? NextHopIPv4 { get; init; }

    /// <summary>Next hop for IPv6 prefixes; null: the session's own address, or that of its interface.</summary>
    public IPAddress? NextHopIPv6 { get; init; }

    /// <summary>
    /// Received default routes are installed in the kernel with this metric, 1–4294967295; null: they are dropped.
    /// </summary>
    public uint? DefaultRouteMetric { get; init; }

    /// <summary>Laid under what an announcement asks for: MED and LOCAL_PREF where it has none, prepends and
    /// communities in addition.</summary>
    public RouteAttributes Attributes { get; init; } = RouteAttributes.None;

    /// <summary>
    /// True when a session that began under these options can go on under <paramref name="next"/>: they differ neither
    /// in what OPENs and sockets carry nor in who the peer is.
    /// </summary>
    internal bool KeepsSession(PeerOptions next) => next == this with
    {
        Shutdown = next.Shutdown,
        Bfd = next.Bfd,
        NextHopIPv4 = next.NextHopIPv4,
        NextHopIPv6 = next.NextHopIPv6,
        Attributes = next.Attributes,
        Session = Session.WithWaitsOf(next.Session),
    };
}

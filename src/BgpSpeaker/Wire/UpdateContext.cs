namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>What the session negotiated, as far as it decides how an UPDATE is read.</summary>
public readonly record struct UpdateContext
{
    /// <summary>For bytes from nowhere: 4-octet AS numbers, an external peer, both families, own AS unknown.</summary>
    public static readonly UpdateContext Assumed = new()
    {
        FourOctetAs = true,
        IsExternal = true,
        LocalAs = 0,
        IPv4Unicast = true,
        IPv6Unicast = true,
        ExtendedNextHop = true,
    };

    /// <summary>AS numbers in AS_PATH and AGGREGATOR take four octets, RFC 6793.</summary>
    public required bool FourOctetAs { get; init; }

    /// <summary>The peer is in another AS.</summary>
    public required bool IsExternal { get; init; }

    /// <summary>Our AS number: a route whose path holds it is a loop. 0: unknown, no route is.</summary>
    public required uint LocalAs { get; init; }

    /// <summary>IPv4 unicast was negotiated, or nothing was (RFC 4760 section 8).</summary>
    public required bool IPv4Unicast { get; init; }

    /// <summary>IPv6 unicast was negotiated.</summary>
    public required bool IPv6Unicast { get; init; }

    /// <summary>Our role towards the peer, RFC 9234; null: none, and no route is a leak.</summary>
    public BgpRole? Role { get; init; }

    /// <summary>The peer's AS number; it decides nothing without a <see cref="Role"/>.</summary>
    public uint PeerAs { get; init; }

    /// <summary>IPv4 unicast may have an IPv6 next hop: RFC 8950 was negotiated.</summary>
    public bool ExtendedNextHop { get; init; }
    /// <summary>A path identifier stands in front of each IPv4 prefix of the peer, RFC 7911 section 3.</summary>
    public bool AddPathIPv4 { get; init; }

    /// <summary>A path identifier stands in front of each IPv6 prefix of the peer, RFC 7911 section 3.</summary>
    public bool AddPathIPv6 { get; init; }

    /// <summary>True where a path identifier stands in front of each prefix.</summary>
    public bool HasPathIds(bool isIPv6) => isIPv6 ? AddPathIPv6 : AddPathIPv4;

    /// <summary>True for a family whose routes the session carries.</summary>
    public bool Carries(Family family) =>
        (IPv4Unicast && family == Family.IPv4Unicast) || (IPv6Unicast && family == Family.IPv6Unicast);
}

using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>What an Established session and its peer's configuration mean for what is announced there.</summary>
public sealed record ExportContext
{
    /// <summary>The peer's name, by which announcements may address it.</summary>
    public required string PeerName { get; init; }

    /// <summary>Our AS number towards this peer.</summary>
    public required uint LocalAs { get; init; }

    /// <summary>True for a peer in another AS.</summary>
    public required bool IsExternal { get; init; }

    /// <summary>Our role towards an external peer, RFC 9234; null: none.</summary>
    public BgpRole? Role { get; init; }

    /// <summary>Both sides carry AS numbers in four octets, RFC 6793.</summary>
    public required bool FourOctetAs { get; init; }

    /// <summary>The families that both sides offered.</summary>
    public required ValueList<Family> Families { get; init; }

    /// <summary>
    /// Next hop of IPv4 prefixes, an IPv6 address only with <see cref="ExtendedNextHop"/>; null when there is none.
    /// </summary>
    public IPAddress? NextHopIPv4 { get; init; }

    /// <summary>Next hop of IPv6 prefixes; null when there is none.</summary>
    public IPAddress? NextHopIPv6 { get; init; }

    /// <summary>
    /// Goes with each IPv6 next hop: our link-local address, when the session is on it (RFC 2545 section 3); else null.
    /// </summary>
    public IPAddress? LinkLocalNextHop { get; init; }

    /// <summary>IPv4 prefixes may have an IPv6 next hop: RFC 8950 was negotiated.</summary>
    public bool ExtendedNextHop { get; init; }

    /// <summary>Laid under what an announcement asks for.</summary>
    public RouteAttributes Overlay { get; init; } = RouteAttributes.None;

    /// <summary>Null when prefixes of <paramref name="family"/> can be announced, else why not, in one line.</summary>
    public string? FindObstacle(Family family)
    {
        if (!Families.Contains(family))
            return $"{family} is not negotiated with {PeerName}";
        if (NextHopOf(family) is not { } nextHop)
            return $"there is no {family} next hop towards {PeerName}: configure one for this peer";
        return NextHopAddress.IsUsable(nextHop.GetAddressBytes())
            ? null
            : $"{nextHop} is no {family} next hop that {PeerName} could use: configure another one for this peer";
    }

    /// <summary>The next hop of <paramref name="family"/>; null when there is none.</summary>
    internal IPAddress? NextHopOf(Family family)
    {
        var nextHop = family == Family.IPv6Unicast ? NextHopIPv6 : NextHopIPv4;
        var isIPv6 = nextHop?.AddressFamily == AddressFamily.InterNetworkV6;
        return family == Family.IPv6Unicast == isIPv6 || (isIPv6 && ExtendedNextHop) ? nextHop : null;
    }
}

/// <summary>Turns what an announcement asks for into the path attributes for one peer.</summary>
public static class ExportPolicy
{
    /// <summary>LOCAL_PREF where nobody asks for another.</summary>
    public const uint DefaultLocalPref = 100;

    /// <summary>The path attributes; null where <see cref="ExportContext.FindObstacle"/> names an obstacle.</summary>
    public static PathAttributes? Export(DesiredRoute route, ExportContext context)
    {
        var family = route.Prefix.Family;
        if (context.FindObstacle(family) is not null || context.NextHopOf(family) is not { } nextHop)
            return null;
        var isIPv6 = nextHop.AddressFamily == AddressFamily.InterNetworkV6;
        var asked = route.AttributesFor(context.PeerName);
        var overlay = context.Overlay;
        return new()
        {
            // RFC 4271 section 5.1.2: an originating speaker puts its own AS into an UPDATE to another AS, and "an
            // empty AS_PATH attribute" into one to its own AS.
            AsPath = context.IsExternal
                ? Enumerable.Repeat(context.LocalAs, 1 + asked.AsPathPrepend + overlay.AsPathPrepend).ToValueList()
                : [],
            NextHop = nextHop,
            LinkLocalNextHop = isIPv6 ? context.LinkLocalNextHop : null,
            IsExtendedNextHop = isIPv6 && family == Family.IPv4Unicast,
            Med = asked.Med ?? overlay.Med,
            // RFC 4271 section 5.1.5: "A BGP speaker MUST NOT include this attribute in UPDATE messages it sends to
            // external peers", and shall include it towards internal ones.
            LocalPref = context.IsExternal ? null : asked.LocalPref ?? overlay.LocalPref ?? DefaultLocalPref,
            Communities = RouteAttributes.Union(asked.Communities, overlay.Communities),
            ExtendedCommunities = ExtendedCommunities(asked, overlay, context.LocalAs),
            LargeCommunities = RouteAttributes.Union(asked.LargeCommunities, overlay.LargeCommunities),
            // RFC 9234 section 5: "If a route is to be advertised to a Customer, a Peer, or an RS-Client ... and the
            // OTC Attribute is not present, then ... an OTC Attribute MUST be added with a value equal to the AS number
            // of the local AS."
            OnlyToCustomer = context.Role is { } role && BgpRoles.AttachesOnlyToCustomer(role) ? context.LocalAs : null,
        };
    }

    // RFC 4360 section 6 has non-transitive ones removed from a route that leaves an AS; what this node itself says to
    // its neighbour about its own route is not handed on.
    private static ValueList<ExtendedCommunity> ExtendedCommunities(
        RouteAttributes asked, RouteAttributes overlay, uint localAs)
    {
        var both = RouteAttributes.Union(asked.ExtendedCommunities, overlay.ExtendedCommunities);
        return (asked.LinkBandwidth ?? overlay.LinkBandwidth) is { } bitsPerSecond
            ? RouteAttributes.Union(both, [ExtendedCommunity.LinkBandwidth(localAs, bitsPerSecond)])
            : both;
    }
}

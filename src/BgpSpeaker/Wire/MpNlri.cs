using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// MP_REACH_NLRI and MP_UNREACH_NLRI taken apart, RFC 4760 sections 3 and 4:
/// <code>
/// reach:    | AFI 2 | SAFI 1 | next hop's length 1 | next hop | reserved 1 | NLRI |
/// unreach:  | AFI 2 | SAFI 1 | withdrawn routes |
/// </code>
/// Of a family that the session does not carry, nothing behind the fixed part is looked at.
/// </summary>
internal readonly ref struct MpNlri
{
    private const int UnreachFixedPart = 3;
    private const int ReachFixedPart = 5;
    private const int LinkLocalNextHop = 32;

    public Family Family { get; private init; }

    /// <summary>The session carries the family.</summary>
    public bool IsCarried { get; private init; }

    /// <summary>Empty in MP_UNREACH_NLRI.</summary>
    public ReadOnlySpan<byte> NextHop { get; private init; }

    public ReadOnlySpan<byte> Nlri { get; private init; }

    public int Count { get; private init; }

    public bool IsIPv6 => Family == Family.IPv6Unicast;

    public static UpdateFault ParseUnreach(ReadOnlySpan<byte> value, scoped in UpdateContext context, out MpNlri parsed)
    {
        parsed = default;
        if (value.Length < UnreachFixedPart)
            return UpdateFault.MultiprotocolTooShort;
        var family = ReadFamily(value);
        return Complete(family, context, default, value[UnreachFixedPart..], out parsed);
    }

    public static UpdateFault ParseReach(ReadOnlySpan<byte> value, scoped in UpdateContext context, out MpNlri parsed)
    {
        parsed = default;
        if (value.Length < ReachFixedPart)
            return UpdateFault.MultiprotocolTooShort;
        var family = ReadFamily(value);
        if (!context.Carries(family))
            return Complete(family, context, default, value[UnreachFixedPart..], out parsed);

        var nextHopLength = value[3];
        if (!IsNextHopLength(family, nextHopLength, context.ExtendedNextHop))
            return UpdateFault.MultiprotocolNextHopLength;
        if (value.Length < ReachFixedPart + nextHopLength)
            return UpdateFault.MultiprotocolTooShort;
        var nextHop = value.Slice(4, nextHopLength);
        var fault = Complete(family, context, nextHop, value[(ReachFixedPart + nextHopLength)..], out parsed);
        return fault == UpdateFault.None && !IsUsable(nextHop) ? UpdateFault.UnusableNextHop : fault;
    }

    private static UpdateFault Complete(
        Family family, scoped in UpdateContext context, ReadOnlySpan<byte> nextHop, ReadOnlySpan<byte> nlri,
        out MpNlri parsed)
    {
        var count = 0;
        var isCarried = context.Carries(family);
        var isIPv6 = family == Family.IPv6Unicast;
        var isValid = !isCarried || NlriReader.TryCount(nlri, isIPv6, context.HasPathIds(isIPv6), out count);
        parsed = new() { Family = family, IsCarried = isCarried, NextHop = nextHop, Nlri = nlri, Count = count };
        return isValid ? UpdateFault.None : UpdateFault.MultiprotocolPrefix;
    }

    private static Family ReadFamily(ReadOnlySpan<byte> value) =>
        new(BinaryPrimitives.ReadUInt16BigEndian(value), value[2]);

    // IPv6: global, or global and link-local (RFC 2545 section 3). RFC 8950 section 3: for IPv4 the length tells the
    // next hop's family.
    private static bool IsNextHopLength(Family family, int length, bool extendedNextHop) =>
        length is 16 or LinkLocalNextHop
            ? family == Family.IPv6Unicast || extendedNextHop
            : length == 4 && family == Family.IPv4Unicast;

    // Some speakers on link-local sessions leave the global address unspecified beside a good link-local one.
    private static bool IsUsable(ReadOnlySpan<byte> nextHop) =>
        NextHopAddress.IsUsable(nextHop[..Math.Min(nextHop.Length, 16)])
        || (nextHop.Length == LinkLocalNextHop && NextHopAddress.IsLinkLocal(nextHop[16..]));
}

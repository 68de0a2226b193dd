using System.Net;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>The next hops of the default routes that a peer announces; null: it announces none.</summary>
public sealed record DefaultRoutes(IPAddress? IPv4, IPAddress? IPv6)
{
    /// <summary>Neither.</summary>
    public static readonly DefaultRoutes None = new(null, null);

    /// <summary>What is left after an UPDATE that does not reset the session.</summary>
    /// <param name="view">The UPDATE.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="context">How it was read.</param>
    /// <param name="isLinkLocal">The session is on link-local addresses: then such a next hop counts.</param>
    internal DefaultRoutes Next(
        in UpdateView view, in UpdateOutcome outcome, in UpdateContext context, bool isLinkLocal)
    {
        var (ipv4, ipv6) = (IPv4, IPv6);
        if (HasDefault(view.WithdrawnRoutes, isIPv6: false, context))
            ipv4 = null;
        if (HasDefault(view.MpUnreachNlri, view.MpUnreachIsIPv6, context))
        {
            ipv4 = view.MpUnreachIsIPv6 ? ipv4 : null;
            ipv6 = view.MpUnreachIsIPv6 ? null : ipv6;
        }
        var counts = outcome.Severity < Severity.TreatAsWithdraw;
        if (HasDefault(view.Nlri, isIPv6: false, context))
            ipv4 = counts ? NextHop(view.Attributes) : null;
        if (HasDefault(view.MpReachNlri, view.MpReachIsIPv6, context))
        {
            var nextHop = counts ? MultiprotocolNextHop(view.Attributes, context, isLinkLocal) : null;
            (ipv4, ipv6) = view.MpReachIsIPv6 ? (ipv4, nextHop) : (nextHop, ipv6);
        }
        return new(ipv4, ipv6);
    }

    private static bool HasDefault(ReadOnlySpan<byte> nlri, bool isIPv6, in UpdateContext context)
    {
        foreach (var prefix in new NlriReader(nlri, isIPv6, context.HasPathIds(isIPv6)))
        {
            if (prefix.Length == 0)
                return true;
        }
        return false;
    }

    private static IPAddress? NextHop(ReadOnlySpan<byte> attributes)
    {
        var reader = new AttributeReader(attributes);
        while (reader.TryNext(out var attribute))
        {
            if (attribute.Code == AttributeCode.NextHop)
                return new IPAddress(attribute.Value);
        }
        return null;
    }

    private static IPAddress? MultiprotocolNextHop(
        ReadOnlySpan<byte> attributes, in UpdateContext context, bool isLinkLocal)
    {
        const int AddressLength = 16;
        var reader = new AttributeReader(attributes);
        while (reader.TryNext(out var attribute))
        {
            if (attribute.Code != AttributeCode.MpReachNlri)
                continue;
            MpNlri.ParseReach(attribute.Value, context, out var reach);
            var second = isLinkLocal && reach.NextHop.Length > AddressLength;
            return new IPAddress(
                second ? reach.NextHop[AddressLength..]
                : reach.NextHop[..Math.Min(AddressLength, reach.NextHop.Length)]);
        }
        return null;
    }
}

/// <summary>The peer's default routes are others than before.</summary>
/// <param name="Routes">Which.</param>
/// <param name="Peer">The peer's end of the session, with its scope; null without a session.</param>
public sealed record DefaultRoutesChanged(DefaultRoutes Routes, IPAddress? Peer) : PeerAction;

using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>One next hop of a kernel route.</summary>
/// <param name="Address">Of either family, without scope.</param>
/// <param name="Interface">The interface's index; 0 leaves it to the kernel.</param>
internal readonly record struct RouteHop(IPAddress Address, int Interface);

/// <summary>A default route in the kernel's main table.</summary>
/// <param name="IsIPv6">The family of the packets that it routes.</param>
/// <param name="Metric">Less is better; unique in the family.</param>
/// <param name="Protocol">Who installed it (RTPROT).</param>
/// <param name="Hops">Its next hops, at least one.</param>
internal sealed record KernelRoute(bool IsIPv6, uint Metric, byte Protocol, ValueList<RouteHop> Hops)
{
    /// <summary>
    /// The RTPROT of this program's routes: 86, ASCII 'V', as its addresses are marked. iproute2's list of protocols
    /// leaves it free.
    /// </summary>
    public const byte OwnProtocol = 86;

    /// <summary>For people: <c>default route 0.0.0.0/0 metric 200</c>.</summary>
    public override string ToString() => $"default route {(IsIPv6 ? "::/0" : "0.0.0.0/0")} metric {Metric}";
}

/// <summary>What one peer offers as the way out.</summary>
/// <param name="Metric">The metric that its routes get.</param>
/// <param name="Routes">The next hops.</param>
/// <param name="Interface">The interface of link-local next hops; 0: unknown.</param>
internal sealed record DefaultRouteOffer(uint Metric, DefaultRoutes Routes, int Interface);

/// <summary>A step towards the wanted routes.</summary>
internal abstract record RouteStep(KernelRoute Route);

/// <summary>Install the route, in place of our own one of this family and metric if there is one.</summary>
internal sealed record InstallRoute(KernelRoute Route, bool Replaces) : RouteStep(Route);

/// <summary>Remove our route.</summary>
internal sealed record RemoveRoute(KernelRoute Route) : RouteStep(Route);

/// <summary>A route of another program has the metric: ours cannot be installed.</summary>
/// <param name="Route">Ours.</param>
/// <param name="Foreign">The other program's RTPROT.</param>
internal sealed record RefuseRoute(KernelRoute Route, byte Foreign) : RouteStep(Route);

/// <summary>How the kernel's default routes get to what the peers offer. Pure.</summary>
internal static class DefaultRoutePlan
{
    /// <summary>The steps, in order.</summary>
    /// <param name="offers">What the peers offer; peers of one metric share one route.</param>
    /// <param name="found">The default routes in the kernel.</param>
    /// <param name="keepsLeftovers">Leave a predecessor's routes that nobody offers (any more).</param>
    public static IEnumerable<RouteStep> Next(
        IEnumerable<DefaultRouteOffer> offers, IReadOnlyList<KernelRoute> found, bool keepsLeftovers)
    {
        var wanted = Wanted(offers).ToList();
        foreach (var route in wanted)
        {
            var rivals = found.Where(other => HasPlaceOf(other, route)).ToList();
            var own = rivals.Find(other => other.Protocol == KernelRoute.OwnProtocol);
            if (rivals.Find(other => other.Protocol != KernelRoute.OwnProtocol) is { } foreign)
                yield return new RefuseRoute(route, foreign.Protocol);
            else if (own is null || !LeadsTheSameWay(own, route))
                yield return new InstallRoute(route, Replaces: own is not null);
        }
        if (keepsLeftovers)
            yield break;
        foreach (var route in found.Where(route => route.Protocol == KernelRoute.OwnProtocol))
        {
            if (!wanted.Exists(other => HasPlaceOf(other, route)))
                yield return new RemoveRoute(route);
        }
    }

    private static IEnumerable<KernelRoute> Wanted(IEnumerable<DefaultRouteOffer> offers) =>
        from offer in offers
        from hop in Hops(offer)
        group hop.Hop by (hop.IsIPv6, offer.Metric) into hops
        orderby hops.Key
        select new KernelRoute(
            hops.Key.IsIPv6, hops.Key.Metric, KernelRoute.OwnProtocol, Ordered(hops.Distinct()));

    private static IEnumerable<(bool IsIPv6, RouteHop Hop)> Hops(DefaultRouteOffer offer)
    {
        if (offer.Routes.IPv4 is { } ipv4)
            yield return (false, HopOf(ipv4, offer));
        if (offer.Routes.IPv6 is { } ipv6)
            yield return (true, HopOf(ipv6, offer));
    }

    private static RouteHop HopOf(IPAddress address, DefaultRouteOffer offer) =>
        new(address, address.IsIPv6LinkLocal ? offer.Interface : 0);

    private static ValueList<RouteHop> Ordered(IEnumerable<RouteHop> hops) =>
        hops.OrderBy(hop => hop.Address.ToString(), StringComparer.Ordinal).ThenBy(hop => hop.Interface).ToValueList();

    private static bool HasPlaceOf(KernelRoute left, KernelRoute right) =>
        (left.IsIPv6, left.Metric) == (right.IsIPv6, right.Metric);

    // The kernel has found the interface where none was given.
    private static bool LeadsTheSameWay(KernelRoute found, KernelRoute wanted)
    {
        var hops = Ordered(found.Hops);
        return hops.Count == wanted.Hops.Count && hops.Zip(wanted.Hops).All(pair =>
            pair.First.Address.Equals(pair.Second.Address)
            && (pair.Second.Interface == 0 || pair.First.Interface == pair.Second.Interface));
    }
}

using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Netlink;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

public sealed class DefaultRoutePlanTests
{
    private const byte Static = 4;
    private static readonly IPAddress Tor1 = IPAddress.Parse("10.0.1.1");
    private static readonly IPAddress Tor2 = IPAddress.Parse("10.0.2.1");
    private static readonly IPAddress LinkLocal = IPAddress.Parse("fe80::1");

    private static readonly DefaultRouteOffer FromTor1 = new(200, new DefaultRoutes(Tor1, null), 0);
    private static readonly DefaultRouteOffer FromTor2 = new(200, new DefaultRoutes(Tor2, null), 0);
    private static readonly DefaultRouteOffer Unnumbered = new(300, new DefaultRoutes(LinkLocal, LinkLocal), 7);

    [Fact]
    public void What_is_offered_is_installed_and_then_left_alone()
    {
        Assert.Equal([new InstallRoute(Own(200, new RouteHop(Tor1, 0)), false)], Plan([FromTor1]));
        Assert.Empty(Plan([FromTor1], Own(200, new RouteHop(Tor1, 3))));
    }

    [Fact]
    public void Peers_of_one_metric_share_a_route()
    {
        var both = Own(200, new RouteHop(Tor1, 0), new RouteHop(Tor2, 0));

        Assert.Equal([new InstallRoute(both, true)], Plan([FromTor1, FromTor2], Own(200, new RouteHop(Tor1, 3))));
        Assert.Equal(
            [new InstallRoute(Own(200, new RouteHop(Tor2, 0)), true)], Plan([FromTor2], both));
    }

    [Fact]
    public void A_link_local_next_hop_carries_the_interface_of_the_session_for_both_families() =>
        Assert.Equal(
            [
                new InstallRoute(Own(300, new RouteHop(LinkLocal, 7)), false),
                new InstallRoute(Own(300, new RouteHop(LinkLocal, 7)) with { IsIPv6 = true }, false),
            ],
            Plan([Unnumbered]));

    [Fact]
    public void Another_interface_is_another_way()
    {
        var moved = Own(300, new RouteHop(LinkLocal, 6));

        Assert.Contains(
            new InstallRoute(Own(300, new RouteHop(LinkLocal, 7)), true), Plan([Unnumbered], moved));
    }

    [Fact]
    public void What_nobody_offers_goes_unless_left_overs_stay()
    {
        var leftover = Own(200, new RouteHop(Tor1, 3));

        Assert.Equal([new RemoveRoute(leftover)], Plan([], leftover));
        Assert.Empty(DefaultRoutePlan.Next([], [leftover], keepsLeftovers: true));
    }

    [Fact]
    public void A_route_of_another_program_is_never_touched()
    {
        var foreign = Own(200, new RouteHop(Tor1, 3)) with { Protocol = Static };

        Assert.Empty(Plan([], foreign));
        Assert.Equal(
            [new RefuseRoute(Own(200, new RouteHop(Tor1, 0)), Static)], Plan([FromTor1], foreign));
        Assert.Single(Plan([FromTor1], foreign with { Metric = 100 }), step => step is InstallRoute);
        Assert.Single(Plan([FromTor1], foreign with { IsIPv6 = true }), step => step is InstallRoute);
    }

    // The kernel answers with the same attributes: what is written can be read.
    [Fact]
    public void A_route_that_was_encoded_is_read()
    {
        KernelRoute[] routes =
        [
            Own(200, new RouteHop(Tor1, 0)),
            Own(200, new RouteHop(LinkLocal, 7)),
            Own(200, new RouteHop(LinkLocal, 7)) with { IsIPv6 = true },
            Own(200, new RouteHop(Tor1, 2), new RouteHop(LinkLocal, 7)),
        ];
        foreach (var route in routes)
        {
            var message = NetlinkMessage.Split(RouteMessages.Install(1, route, replaces: false)).Single();
            Assert.Equal(route, RouteMessages.Read(message));
        }
    }

    private static KernelRoute Own(uint metric, params RouteHop[] hops) =>
        new(false, metric, KernelRoute.OwnProtocol, hops.ToValueList());

    private static List<RouteStep> Plan(DefaultRouteOffer[] offers, params KernelRoute[] found) =>
        [.. DefaultRoutePlan.Next(offers, found, keepsLeftovers: false)];
}

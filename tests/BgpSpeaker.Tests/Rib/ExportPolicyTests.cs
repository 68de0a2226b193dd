using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

public sealed class ExportPolicyTests
{
    private static readonly IPAddress NextHop = IPAddress.Parse("10.0.1.2");
    private static readonly DesiredRoute Plain = Routes.Route("203.0.113.50/32");
    private static readonly RouteAttributes Rich = new()
    {
        Med = 10, LocalPref = 200, AsPathPrepend = 2, Communities = [5, 3], LargeCommunities = [new(2, 0, 0)],
    };
    private static readonly RouteAttributes Overlay = new()
    {
        Med = 99, LocalPref = 50, AsPathPrepend = 1, Communities = [4, 3],
        LargeCommunities = [new(1, 0, 0), new(2, 0, 0)],
    };

    public static TheoryData<string, DesiredRoute, ExportContext, PathAttributes> Exports => new()
    {
        {
            "eBGP: the own AS once, no LOCAL_PREF",
            Plain, Routes.External,
            new() { NextHop = NextHop, AsPath = [65001] }
        },
        {
            "eBGP: prepends of announcement and peer add up, MED is the announcement's, communities are united",
            Plain with { Attributes = Rich }, Routes.External with { Overlay = Overlay },
            new()
            {
                NextHop = NextHop, AsPath = [65001, 65001, 65001, 65001], Med = 10, Communities = [3, 4, 5],
                LargeCommunities = [new(1, 0, 0), new(2, 0, 0)],
            }
        },
        {
            "eBGP: the peer's MED where the announcement has none",
            Plain, Routes.External with { Overlay = new() { Med = 99 } },
            new() { NextHop = NextHop, AsPath = [65001], Med = 99 }
        },
        {
            "iBGP: empty path whatever is prepended, LOCAL_PREF 100",
            Plain with { Attributes = new() { AsPathPrepend = 3 } }, Routes.Internal,
            new() { NextHop = NextHop, LocalPref = 100 }
        },
        {
            "iBGP: the announcement's LOCAL_PREF",
            Plain with { Attributes = Rich }, Routes.Internal with { Overlay = Overlay },
            new()
            {
                NextHop = NextHop, LocalPref = 200, Med = 10, Communities = [3, 4, 5],
                LargeCommunities = [new(1, 0, 0), new(2, 0, 0)],
            }
        },
        {
            "iBGP: the peer's LOCAL_PREF where the announcement has none",
            Plain, Routes.Internal with { Overlay = new() { LocalPref = 50 } },
            new() { NextHop = NextHop, LocalPref = 50 }
        },
        {
            "attributes for this peer replace those for all",
            Plain with { Attributes = Rich, PeerAttributes = [new("tor1", new() { Communities = [9] })] },
            Routes.External,
            new() { NextHop = NextHop, AsPath = [65001], Communities = [9] }
        },
        {
            "attributes for another peer do nothing",
            Plain with { PeerAttributes = [new("tor2", Rich)] }, Routes.External,
            new() { NextHop = NextHop, AsPath = [65001] }
        },
        {
            "IPv6: the next hop of the family",
            Routes.Route("2001:db8::50/128"), Routes.External,
            new() { NextHop = IPAddress.Parse("2001:db8::1"), AsPath = [65001] }
        },
        {
            "RFC 1997 communities are attached, not obeyed",
            Plain with { Attributes = new() { Communities = [WellKnownCommunity.NoAdvertise] } }, Routes.External,
            new() { NextHop = NextHop, AsPath = [65001], Communities = [WellKnownCommunity.NoAdvertise] }
        },
    };

    public static TheoryData<string, DesiredRoute, ExportContext, PathAttributes> IPv6NextHops => new()
    {
        {
            "RFC 8950: IPv4 with the IPv6 next hop, and the link-local one of the session",
            Plain,
            Routes.External with
            {
                NextHopIPv4 = IPAddress.Parse("2001:db8::1"), LinkLocalNextHop = IPAddress.Parse("fe80::1"),
                ExtendedNextHop = true,
            },
            new()
            {
                NextHop = IPAddress.Parse("2001:db8::1"), LinkLocalNextHop = IPAddress.Parse("fe80::1"),
                IsExtendedNextHop = true, AsPath = [65001],
            }
        },
        {
            "an IPv4 next hop takes no link-local one beside it",
            Plain, Routes.External with { LinkLocalNextHop = IPAddress.Parse("fe80::1"), ExtendedNextHop = true },
            new() { NextHop = NextHop, AsPath = [65001] }
        },
    };

    [Theory]
    [MemberData(nameof(Exports))]
    [MemberData(nameof(IPv6NextHops))]
    public void Path_attributes_are(string why, DesiredRoute route, ExportContext context, PathAttributes expected)
    {
        Assert.NotEmpty(why);
        Assert.Equal(expected, ExportPolicy.Export(route, context));
    }

    public static TheoryData<RouteAttributes, RouteAttributes> SameInMeaning => new()
    {
        { new() { Communities = [2, 1, 2] }, new() { Communities = [1, 2] } },
        { new() { ExtendedCommunities = [new(2), new(1)] }, new() { ExtendedCommunities = [new(1), new(2)] } },
        {
            new() { LargeCommunities = [new(2, 0, 0), new(1, 0, 0)] },
            new() { LargeCommunities = [new(1, 0, 0), new(2, 0, 0)] }
        },
    };

    [Theory]
    [MemberData(nameof(SameInMeaning))]
    public void Attributes_that_are_equal_in_meaning_become_equal(
        RouteAttributes written, RouteAttributes normalized) =>
        Assert.Equal(normalized, written.Normalized());

    [Fact]
    public void Extended_communities_of_announcement_and_peer_are_united()
    {
        var overlay = new RouteAttributes { ExtendedCommunities = [new(2), new(5)] };
        var asked = Plain with { Attributes = new() { ExtendedCommunities = [new(3), new(2)] } };

        var attributes = ExportPolicy.Export(asked, Routes.External with { Overlay = overlay })!;

        Assert.Equal([new(2), new(3), new(5)], attributes.ExtendedCommunities.ToArray());
    }

    // draft-ietf-idr-link-bandwidth section 2: one community, whose AS number is that of the sender.
    [Theory]
    [InlineData(null, null, null)]
    [InlineData(10_000_000_000ul, null, 10_000_000_000ul)]
    [InlineData(null, 1_000ul, 1_000ul)]
    [InlineData(10_000_000_000ul, 1_000ul, 10_000_000_000ul)]
    public void Link_bandwidth_is_the_announcements_or_else_the_peers(ulong? asked, ulong? peers, ulong? expected)
    {
        var context = Routes.External with { LocalAs = 65010, Overlay = new() { LinkBandwidth = peers } };
        var route = Plain with { Attributes = new() { LinkBandwidth = asked, ExtendedCommunities = [new(7)] } };

        var communities = ExportPolicy.Export(route, context)!.ExtendedCommunities;

        Assert.Equal(
            expected is { } bits ? [new(7), ExtendedCommunity.LinkBandwidth(65010, bits)] : [new(7)],
            communities.ToArray());
    }

    // RFC 9234 section 5. Whoever gets a marked route may hand it to its customers only.
    [Theory]
    [InlineData(BgpRole.Provider, 4200000001u)]
    [InlineData(BgpRole.RouteServer, 4200000001u)]
    [InlineData(BgpRole.Peer, 4200000001u)]
    [InlineData(BgpRole.Customer, null)]
    [InlineData(BgpRole.RouteServerClient, null)]
    [InlineData(null, null)]
    public void Only_to_customer_is_attached_as_our_role_demands(BgpRole? role, uint? onlyToCustomer)
    {
        var attributes = ExportPolicy.Export(Plain, Routes.External with { Role = role, LocalAs = 4200000001 })!;

        Assert.Equal(onlyToCustomer, attributes.OnlyToCustomer);
    }

    public static TheoryData<ExportContext, string> Obstacles => new()
    {
        { Routes.External with { Families = [Family.IPv6Unicast] }, "ipv4-unicast is not negotiated with tor1" },
        {
            Routes.External with { NextHopIPv4 = null },
            "there is no ipv4-unicast next hop towards tor1: configure one for this peer"
        },
        {
            Routes.External with { NextHopIPv4 = IPAddress.Parse("2001:db8::1") },
            "there is no ipv4-unicast next hop towards tor1: configure one for this peer"
        },
        {
            Routes.External with { NextHopIPv4 = IPAddress.Loopback },
            "127.0.0.1 is no ipv4-unicast next hop that tor1 could use: configure another one for this peer"
        },
    };

    [Theory]
    [MemberData(nameof(Obstacles))]
    public void A_route_that_cannot_be_announced_has_a_reason(ExportContext context, string reason)
    {
        Assert.Equal(reason, context.FindObstacle(Family.IPv4Unicast));
        Assert.Null(ExportPolicy.Export(Plain, context));
    }

    [Theory]
    [InlineData("203.0.113.50/32", true)]
    [InlineData("203.0.113.50/32", false)]
    [InlineData("2001:db8::50/128", true)]
    [InlineData("2001:db8::50/128", false)]
    public void The_most_that_announcement_and_peer_may_ask_for_fits_into_one_UPDATE(string prefix, bool fourOctetAs)
    {
        var most = new RouteAttributes
        {
            Med = 1,
            AsPathPrepend = RouteAttributes.MaximumPrepend,
            Communities = Enumerable.Range(0, RouteAttributes.MaximumCommunities).Select(n => (uint)n).ToValueList(),
            ExtendedCommunities = Enumerable.Range(0, RouteAttributes.MaximumCommunities)
                .Select(n => new ExtendedCommunity((ulong)n)).ToValueList(),
            LinkBandwidth = 1,
            LargeCommunities = Enumerable.Range(0, RouteAttributes.MaximumCommunities)
                .Select(n => new LargeCommunity((uint)n, 0, 0)).ToValueList(),
        };
        var other = most with
        {
            Communities = most.Communities.Select(community => community + 1000).ToValueList(),
            ExtendedCommunities = most.ExtendedCommunities
                .Select(community => new ExtendedCommunity(community.Value + 1000)).ToValueList(),
            LargeCommunities = most.LargeCommunities
                .Select(community => community with { LocalData1 = 1 }).ToValueList(),
        };
        Assert.Null(most.FindFault());
        Assert.Null(other.FindFault());
        var context = Routes.External with
        {
            FourOctetAs = fourOctetAs, LocalAs = 4200000001, Overlay = other, Role = BgpRole.Peer,
        };
        var route = Routes.Route(prefix) with { Attributes = most };
        var attributes = ExportPolicy.Export(route, context)!;
        Assert.Equal(1 + (2 * RouteAttributes.MaximumCommunities), attributes.ExtendedCommunities.Count);
        Assert.Equal(2 * RouteAttributes.MaximumCommunities, attributes.LargeCommunities.Count);
        Assert.Equal(1 + (2 * RouteAttributes.MaximumPrepend), attributes.AsPath.Count);

        var message = new byte[MessageSize.Maximum];
        var length = UpdateEncoder.EncodeAnnounce(
            message, new(attributes, fourOctetAs), [route.Prefix], out var consumed);

        Assert.Equal(1, consumed);
        Assert.Equal([route.Prefix], DecodedUpdate.Read(message.AsSpan(0, length), fourOctetAs: fourOctetAs).Announced);
    }
}

using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Peering;

public sealed class DefaultRoutesTests
{
    private static readonly IPAddress Tor = IPAddress.Parse("10.0.1.1");
    private static readonly IPAddress Global = IPAddress.Parse("2001:db8::1");
    private static readonly IPAddress LinkLocal = IPAddress.Parse("fe80::1");

    private static readonly PathAttributes OverIPv4 = new() { NextHop = Tor, AsPath = [65100] };
    private static readonly PathAttributes OverIPv6 = new()
    {
        NextHop = Global, LinkLocalNextHop = LinkLocal, AsPath = [65100],
    };

    [Fact]
    public void Each_family_has_the_next_hop_of_its_announcement()
    {
        var routes = Take(DefaultRoutes.None, Announce(OverIPv4, "0.0.0.0/0"));
        Assert.Equal(new DefaultRoutes(Tor, null), routes);

        routes = Take(routes, Announce(OverIPv6, "::/0"));
        Assert.Equal(new DefaultRoutes(Tor, Global), routes);
    }

    [Theory]
    [InlineData(true, "fe80::1")]
    [InlineData(false, "2001:db8::1")]
    public void The_link_local_next_hop_counts_on_a_link_local_session(bool isLinkLocal, string nextHop)
    {
        var routes = Take(
            DefaultRoutes.None, Announce(OverIPv6 with { IsExtendedNextHop = true }, "0.0.0.0/0"), isLinkLocal);

        Assert.Equal(new DefaultRoutes(IPAddress.Parse(nextHop), null), routes);
    }

    [Fact]
    public void A_withdrawal_ends_the_route_of_its_family_alone()
    {
        var both = new DefaultRoutes(Tor, Global);

        Assert.Equal(both with { IPv4 = null }, Take(both, Withdraw("0.0.0.0/0")));
        Assert.Equal(both with { IPv6 = null }, Take(both, Withdraw("::/0")));
    }

    [Fact]
    public void Other_prefixes_change_nothing()
    {
        var both = new DefaultRoutes(Tor, Global);

        Assert.Equal(both, Take(both, Announce(OverIPv4 with { NextHop = IPAddress.Parse("10.9.9.9") }, "10.0.0.0/8")));
        Assert.Equal(both, Take(both, Withdraw("10.0.0.0/8")));
    }

    [Fact]
    public void A_route_that_is_treated_as_withdrawn_is_none()
    {
        var loop = Announce(OverIPv4 with { AsPath = [65100, 65001] }, "0.0.0.0/0");

        Assert.Equal(DefaultRoutes.None, Take(new DefaultRoutes(Tor, null), loop));
    }

    private static DefaultRoutes Take(DefaultRoutes before, byte[] message, bool isLinkLocal = false)
    {
        var context = UpdateContext.Assumed with { LocalAs = 65001 };
        var outcome = UpdateDecoder.Decode(message, context, out var view);
        return before.Next(view, outcome, context, isLinkLocal);
    }

    private static byte[] Announce(PathAttributes attributes, string prefix)
    {
        var message = new byte[MessageSize.Maximum];
        var length = UpdateEncoder.EncodeAnnounce(
            message, new(attributes, fourOctetAs: true), [Rib.Routes.Prefix(prefix)], out _);
        return message[..length];
    }

    private static byte[] Withdraw(string prefix)
    {
        var message = new byte[MessageSize.Maximum];
        var parsed = Rib.Routes.Prefix(prefix);
        return message[..UpdateEncoder.EncodeWithdraw(message, parsed.Family, [parsed], out _)];
    }
}

using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

public sealed class NegotiationTests
{
    private static readonly byte[] BothFamilies = [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1];

    [Fact]
    public void Open_carries_the_settings_and_every_capability_that_we_have()
    {
        var settings = Settings with { HostName = "edge-ams-1", DomainName = "example.net" };

        Assert.Equal(
            new OpenMessage(65001, 9, OurIdentifier,
            [
                new MultiprotocolCapability(Family.IPv4Unicast), new MultiprotocolCapability(Family.IPv6Unicast),
                new RouteRefreshCapability(), new EnhancedRouteRefreshCapability(), new ExtendedMessageCapability(),
                new FourOctetAsCapability(65001), new FqdnCapability("edge-ams-1", "example.net"),
            ]),
            Negotiation.BuildOpen(settings));
    }

    [Fact]
    public void Extended_next_hop_is_offered_where_it_is_wanted() =>
        Assert.Contains(
            new ExtendedNextHopCapability([new(1, 1, 2)]),
            Negotiation.BuildOpen(Settings with { ExtendedNextHop = true }).Capabilities);

    public static TheoryData<bool, Capability, bool> ExtendedNextHops => new()
    {
        { true, new ExtendedNextHopCapability([ExtendedNextHop.IPv4OverIPv6]), true },
        { true, new ExtendedNextHopCapability([new(1, 4, 2), ExtendedNextHop.IPv4OverIPv6]), true },
        { true, new ExtendedNextHopCapability([new(1, 4, 2)]), false },
        { true, new UnknownCapability(5, [0, 1, 0, 1, 0]), false },
        { false, new ExtendedNextHopCapability([ExtendedNextHop.IPv4OverIPv6]), false },
    };

    [Theory]
    [MemberData(nameof(ExtendedNextHops))]
    public void Extended_next_hop_is_agreed_on_where_both_offer_it(bool ours, Capability theirs, bool agreed)
    {
        var verdict = Negotiation.Judge(Settings with { ExtendedNextHop = ours }, PeerOpen(more: [theirs]));

        Assert.Equal(agreed, Assert.IsType<OpenAccepted>(verdict).Session.ExtendedNextHop);
    }

    [Fact]
    public void Open_without_a_host_name_leaves_the_fqdn_capability_out() =>
        Assert.DoesNotContain(Negotiation.BuildOpen(Settings).Capabilities, capability => capability is FqdnCapability);

    [Theory]
    [InlineData(1u, 1)]
    [InlineData(65535u, 65535)]
    [InlineData(65536u, AsNumber.Trans)]
    [InlineData(4200000000u, AsNumber.Trans)]
    public void My_as_is_as_trans_only_where_two_octets_do_not_suffice(uint localAs, ushort expected)
    {
        var open = Negotiation.BuildOpen(Settings with { LocalAs = localAs });

        Assert.Equal(expected, open.MyAs);
        Assert.Equal(localAs, open.EffectiveAs);
    }

    [Fact]
    public void Accepted_open_yields_everything_that_both_sides_agree_on()
    {
        var received = PeerOpen(
            holdTime: 6,
            more:
            [
                new RouteRefreshCapability(), new EnhancedRouteRefreshCapability(), new ExtendedMessageCapability(),
                new UnknownCapability(71, [1, 2]),
            ]);

        Assert.Equal(
            new OpenAccepted(new NegotiatedSession
            {
                HoldTime = Seconds(6),
                KeepaliveTime = Seconds(2),
                PeerAs = 65100,
                PeerIdentifier = LowerIdentifier,
                Families = [Family.IPv4Unicast, Family.IPv6Unicast],
                FourOctetAs = true,
                RouteRefresh = true,
                EnhancedRouteRefresh = true,
                ExtendedMessage = true,
                Sent = Negotiation.BuildOpen(Settings),
                Received = received,
            }),
            Negotiation.Judge(Settings, received));
    }

    [Fact]
    public void Open_without_capabilities_means_ipv4_unicast_and_two_octet_as_numbers()
    {
        var session = Negotiated(Settings, new OpenMessage(65100, 9, LowerIdentifier, []));

        Assert.Equal([Family.IPv4Unicast], session.Families.ToArray());
        Assert.False(session.FourOctetAs);
        Assert.False(session.RouteRefresh);
        Assert.False(session.EnhancedRouteRefresh);
        Assert.False(session.ExtendedMessage);
    }

    [Fact]
    public void Only_families_that_both_sides_offer_are_negotiated()
    {
        var received = new OpenMessage(
            65100, 9, LowerIdentifier,
            [new MultiprotocolCapability(new Family(1, 128)), new MultiprotocolCapability(Family.IPv6Unicast)]);

        Assert.Equal([Family.IPv6Unicast], Negotiated(Settings, received).Families.ToArray());
    }

    [Theory]
    [InlineData(9, 90, 9, 3)]
    [InlineData(90, 9, 9, 3)]
    [InlineData(90, 65535, 90, 30)]
    [InlineData(3, 3, 3, 1)]
    [InlineData(0, 90, 0, 0)]
    [InlineData(90, 0, 0, 0)]
    public void Hold_time_is_the_smaller_of_both_and_keepalive_a_third(int ours, ushort theirs, int hold, int keepalive)
    {
        var session = Negotiated(Settings with { HoldTime = Seconds(ours) }, PeerOpen(holdTime: theirs));

        Assert.Equal(Seconds(hold), session.HoldTime);
        Assert.Equal(Seconds(keepalive), session.KeepaliveTime);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Hold_time_of_one_or_two_seconds_is_refused_with_2_6(ushort holdTime) =>
        AssertRefused(Settings, PeerOpen(holdTime: holdTime), OpenMessageError.UnacceptableHoldTime);

    [Fact]
    public void Unexpected_as_is_refused_with_2_2_and_both_numbers_are_named() =>
        Assert.Equal(
            new OpenRefused(
                new Notification(ErrorCode.OpenMessage, 2), "the peer claims AS 65101, AS 65100 is configured"),
            Negotiation.Judge(Settings, PeerOpen(peerAs: 65101)));

    [Theory]
    [InlineData(0, 65100u)]
    [InlineData(65100, 0u)]
    [InlineData(0, 0u)]
    public void As_0_is_refused_with_2_2_in_the_header_and_in_the_capability(ushort myAs, uint capability) =>
        AssertRefused(Settings, PeerOpen(peerAs: capability, myAs: myAs), OpenMessageError.BadPeerAs);

    [Fact]
    public void As_trans_as_the_real_as_is_refused_with_2_2_even_if_configured()
    {
        var settings = Settings with { PeerAs = AsNumber.Trans };

        AssertRefused(settings, PeerOpen(peerAs: AsNumber.Trans), OpenMessageError.BadPeerAs);
        AssertRefused(
            settings, new OpenMessage(AsNumber.Trans, 9, LowerIdentifier, []), OpenMessageError.BadPeerAs);
    }

    [Theory]
    [InlineData(AsNumber.Trans, 4200000000u)]
    [InlineData(64999, 65100u)]
    public void Capability_wins_over_my_as(ushort myAs, uint peerAs) =>
        Assert.Equal(
            peerAs, Negotiated(Settings with { PeerAs = peerAs }, PeerOpen(peerAs: peerAs, myAs: myAs)).PeerAs);

    [Fact]
    public void Two_differing_four_octet_as_capabilities_are_refused_with_2_2() =>
        AssertRefused(Settings, PeerOpen(more: [new FourOctetAsCapability(65101)]), OpenMessageError.BadPeerAs);

    [Fact]
    public void Duplicate_identical_capabilities_are_accepted() =>
        Negotiated(
            Settings,
            PeerOpen(more: [new FourOctetAsCapability(65100), new MultiprotocolCapability(Family.IPv4Unicast)]));

    [Fact]
    public void Identifier_0_is_refused_with_2_3() =>
        AssertRefused(Settings, PeerOpen(identifier: 0), OpenMessageError.BadBgpIdentifier);

    [Fact]
    public void Our_identifier_is_refused_with_2_3_inside_our_as_and_accepted_outside()
    {
        var open = PeerOpen(identifier: OurIdentifier);

        AssertRefused(Settings with { LocalAs = 65100 }, open, OpenMessageError.BadBgpIdentifier);
        Assert.Equal(OurIdentifier, Negotiated(Settings, open).PeerIdentifier);
    }

    [Fact]
    public void Identifier_that_looks_like_multicast_is_accepted() =>
        Negotiated(Settings, PeerOpen(identifier: 0xE0000001));

    [Fact]
    public void No_common_family_is_refused_with_2_7_and_our_families_as_data()
    {
        var received = new OpenMessage(
            65100, 9, LowerIdentifier, [new MultiprotocolCapability(new Family(1, 128))]);

        AssertRefused(Settings, received, OpenMessageError.UnsupportedCapability, BothFamilies);
    }

    [Fact]
    public void Open_offers_to_take_several_paths_only_where_it_is_configured()
    {
        var withAddPath = Settings with { AddPathReceive = true };
        var offer = new AddPathCapability(
            [new(Family.IPv4Unicast, AddPathMode.Receive), new(Family.IPv6Unicast, AddPathMode.Receive)]);

        Assert.DoesNotContain(Negotiation.BuildOpen(Settings).Capabilities, each => each is AddPathCapability);
        Assert.Contains(offer, Negotiation.BuildOpen(withAddPath).Capabilities);
    }

    // RFC 7911 section 4.
    [Theory]
    [InlineData(true, AddPathMode.Send, true)]
    [InlineData(true, AddPathMode.Send | AddPathMode.Receive, true)]
    [InlineData(true, AddPathMode.Receive, false)]
    [InlineData(false, AddPathMode.Send, false)]
    public void Path_identifiers_come_where_the_peer_sends_and_we_receive(
        bool receive, AddPathMode theirs, bool expected)
    {
        var capability = new AddPathCapability([new(Family.IPv6Unicast, theirs), new(new Family(1, 128), theirs)]);

        var session = Negotiated(Settings with { AddPathReceive = receive }, PeerOpen(more: [capability]));

        Assert.Equal(expected ? [Family.IPv6Unicast] : [], session.AddPathFamilies.ToArray());
    }

    [Fact]
    public void A_family_that_is_not_negotiated_has_no_path_identifiers()
    {
        var capability = new AddPathCapability([new(Family.IPv6Unicast, AddPathMode.Send)]);
        var settings = Settings with { AddPathReceive = true, Families = [Family.IPv4Unicast] };

        Assert.Empty(Negotiated(settings, PeerOpen(more: [capability])).AddPathFamilies);
    }

    [Fact]
    public void Open_carries_our_role_only_where_we_have_one()
    {
        var withRole = Settings with { Role = BgpRole.Peer };

        Assert.DoesNotContain(Negotiation.BuildOpen(Settings).Capabilities, each => each is RoleCapability);
        Assert.Contains(new RoleCapability(BgpRole.Peer), Negotiation.BuildOpen(withRole).Capabilities);
    }

    public static TheoryData<BgpRole, BgpRole> RolePairs =>
        [.. from ours in Enum.GetValues<BgpRole>() from theirs in Enum.GetValues<BgpRole>() select (ours, theirs)];

    // RFC 9234 section 4.2, table 2.
    [Theory]
    [MemberData(nameof(RolePairs))]
    public void Only_roles_that_correspond_make_a_session(BgpRole ours, BgpRole theirs)
    {
        var corresponds = (ours, theirs) is (BgpRole.Provider, BgpRole.Customer) or (BgpRole.Peer, BgpRole.Peer)
            or (BgpRole.Customer, BgpRole.Provider) or (BgpRole.RouteServer, BgpRole.RouteServerClient)
            or (BgpRole.RouteServerClient, BgpRole.RouteServer);
        var settings = Settings with { Role = ours };
        var open = PeerOpen(more: [new RoleCapability(theirs)]);

        if (corresponds)
            Negotiated(settings, open);
        else
            AssertRefused(settings, open, OpenMessageError.RoleMismatch);
    }

    [Fact]
    public void A_role_mismatch_names_both_roles() =>
        Assert.Equal(
            new OpenRefused(
                new Notification(ErrorCode.OpenMessage, 11), "our role is customer, the peer's is rs-server"),
            Negotiation.Judge(
                Settings with { Role = BgpRole.Customer },
                PeerOpen(more: [new RoleCapability(BgpRole.RouteServer)])));

    [Fact]
    public void Peer_without_capabilities_is_refused_with_2_7_where_only_ipv6_is_wanted() =>
        AssertRefused(
            Settings with { Families = [Family.IPv6Unicast] }, new OpenMessage(65100, 9, LowerIdentifier, []),
            OpenMessageError.UnsupportedCapability, [1, 4, 0, 2, 0, 1]);

    [Fact]
    public void Capabilities_in_use_are_those_of_ours_that_the_peer_has_too()
    {
        var session = Negotiated(
            Settings with { HostName = "edge-ams-1" },
            new OpenMessage(65100, 9, LowerIdentifier,
            [
                new MultiprotocolCapability(Family.IPv6Unicast), new MultiprotocolCapability(new Family(1, 128)),
                new FourOctetAsCapability(65100), new RouteRefreshCapability(), new FqdnCapability("tor1", ""),
                new UnknownCapability(71, [1, 2]),
            ]));

        Assert.Equal(
            ["multiprotocol ipv6-unicast", "route-refresh", "four-octet-as 65001"],
            session.Capabilities.Select(CapabilityText.Of));
        Assert.Equal("tor1", session.PeerHostName);
    }

    private static void AssertRefused(PeerSettings settings, OpenMessage open, byte subcode, params byte[] data)
    {
        var refused = Assert.IsType<OpenRefused>(Negotiation.Judge(settings, open));

        Assert.Equal(Error(ErrorCode.OpenMessage, subcode, data), refused.Notification);
    }
}

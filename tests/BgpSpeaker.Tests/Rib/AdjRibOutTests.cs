using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

public sealed class AdjRibOutTests
{
    private readonly byte[] _buffer = new byte[MessageSize.Maximum];
    private readonly AdjRibOut _rib = new();
    private readonly PeerModel _peer = new(Routes.External);

    [Fact]
    public void An_empty_table_is_one_End_of_RIB_per_family()
    {
        _rib.SessionUp(Routes.External);
        Assert.Equal(["EndOfRib ipv4-unicast", "EndOfRib ipv6-unicast"], PullAll());
        Assert.Empty(PullAll());
    }

    [Fact]
    public void Routes_come_before_End_of_RIB_and_End_of_RIB_comes_once()
    {
        _rib.SetDesired(Routes.Set(1, Routes.Route("203.0.113.50/32"), Routes.Route("2001:db8::50/128")));
        _rib.SessionUp(Routes.External);
        Assert.Equal(
            ["announce 1", "announce 1", "EndOfRib ipv4-unicast", "EndOfRib ipv6-unicast"], PullAll());

        _rib.SetDesired(Routes.Set(2));
        Assert.Equal(["withdraw 1", "withdraw 1"], PullAll());
    }

    [Fact]
    public void A_new_session_gets_everything_again()
    {
        _rib.SetDesired(Routes.Set(1, Routes.Route("203.0.113.50/32")));
        _rib.SessionUp(Routes.External);
        var first = PullAll();
        _rib.SessionDown();
        Assert.Empty(PullAll());
        _rib.SessionUp(Routes.External);
        Assert.Equal(first, PullAll());
    }

    [Fact]
    public void Withdrawals_go_before_announcements()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"));
        _rib.SetDesired(Routes.Set(2, Routes.Route("203.0.113.51/32")));
        Assert.Equal(["withdraw 1", "announce 1"], PullAll());
    }

    [Fact]
    public void Changed_attributes_are_announced_without_a_withdrawal()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"));
        _rib.SetDesired(Routes.Set(2, Routes.Route("203.0.113.50/32", new() { Med = 5 })));
        Assert.Equal(["announce 1"], PullAll());
    }

    [Fact]
    public void A_route_that_flaps_between_two_pulls_is_not_sent()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"));
        _rib.SetDesired(Routes.Set(2));
        _rib.SetDesired(Routes.Set(3, Routes.Route("203.0.113.50/32")));
        Assert.Empty(PullAll());
        Assert.Equal(3, _rib.SyncedVersion);
    }

    [Fact]
    public void An_attribute_that_the_peer_is_not_told_sends_nothing()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"));
        _rib.SetDesired(Routes.Set(2, Routes.Route("203.0.113.50/32", new() { LocalPref = 300 })));
        Assert.Empty(PullAll());
        Assert.Equal(2, _rib.SyncedVersion);
    }

    [Fact]
    public void Attributes_that_keep_changing_are_sent_each_time_and_only_then()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"));
        for (var med = 1u; med <= 50; med++)
        {
            _rib.SetDesired(Routes.Set(2 * med, Routes.Route("203.0.113.50/32", new() { Med = med })));
            Assert.Equal(["announce 1"], PullAll());
            var same = new RouteAttributes { Med = med, LocalPref = 1 };
            _rib.SetDesired(Routes.Set((2 * med) + 1, Routes.Route("203.0.113.50/32", same)));
            Assert.Empty(PullAll());
        }
    }

    [Fact]
    public void Routes_with_equal_attributes_share_a_message_wherever_they_stand_in_the_table()
    {
        _rib.SessionUp(Routes.External);
        PullAll();
        _rib.SetDesired(Routes.Set(1, Enumerable.Range(0, 100).Select(number => new DesiredRoute(
            Routes.Numbered(number), new() { Med = (uint)(number % 2) }, []))));
        Assert.Equal(["announce 50", "announce 50"], PullAll());
    }

    // What 4,096 octets hold: 23 fixed; IPv4 20 octets of attributes and 5 a prefix; IPv6 25 octets of MP_REACH_NLRI,
    // 13 of other attributes, and 17 a prefix.
    [Theory]
    [InlineData(0, (4096 - 23 - 20) / 5)]
    [InlineData(100_000, (4096 - 23 - 25 - 13) / 17)]
    public void A_thousand_VIPs_are_announced_in_as_few_UPDATEs_as_4096_octets_allow(int first, int perMessage)
    {
        _rib.SessionUp(Routes.External);
        PullAll();
        _rib.SetDesired(Routes.Set(1, Routes.Thousand(first)));
        Assert.Equal((1000 + perMessage - 1) / perMessage, PullAll().Count);
    }

    [Theory]
    [InlineData(0, (4096 - 23) / 5)]
    [InlineData(100_000, (4096 - 23 - 7) / 17)]
    public void A_thousand_VIPs_are_withdrawn_in_as_few_UPDATEs_as_4096_octets_allow(int first, int perMessage)
    {
        UpAndSynced(Routes.Thousand(first));
        _rib.SetDesired(Routes.Set(2));
        Assert.Equal((1000 + perMessage - 1) / perMessage, PullAll().Count);
    }

    [Fact]
    public void A_larger_buffer_takes_several_messages_at_once()
    {
        _rib.SetDesired(Routes.Set(1, Routes.Thousand(0)));
        _rib.SessionUp(Routes.External);
        var buffer = new byte[65536];
        var peer = new PeerModel(Routes.External);

        Assert.True(_rib.TryNext(buffer, out var written));
        peer.Receive(buffer.AsSpan(0, written));

        Assert.Equal(["announce 810", "announce 190", "EndOfRib ipv4-unicast", "EndOfRib ipv6-unicast"], peer.Log);
        Assert.False(_rib.TryNext(buffer, out written));
        Assert.Equal(0, written);
    }

    [Fact]
    public void A_buffer_that_may_be_too_small_for_a_message_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _rib.TryNext(new byte[4095], out _));

    [Fact]
    public void Refresh_sends_the_family_once_more_and_no_End_of_RIB()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"), Routes.Route("2001:db8::50/128"));
        _rib.Refresh(Family.IPv6Unicast, enhanced: false);
        Assert.Equal(["announce 1"], PullAll());
        Assert.Empty(PullAll());
    }

    [Fact]
    public void After_a_refresh_a_change_sends_the_change_alone()
    {
        UpAndSynced(Routes.Thousand(0));
        _rib.Refresh(Family.IPv4Unicast, enhanced: false);
        Assert.Equal(["announce 810", "announce 190"], PullAll());
        _rib.SetDesired(Routes.Set(2, Routes.Thousand(0).Skip(1)));
        Assert.Equal(["withdraw 1"], PullAll());
    }

    [Fact]
    public void Enhanced_refresh_is_enclosed_by_BoRR_and_EoRR()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"), Routes.Route("2001:db8::50/128"));
        _rib.Refresh(Family.IPv4Unicast, enhanced: true);
        Assert.Equal(
            ["BeginningOfRouteRefresh ipv4-unicast", "announce 1", "EndOfRouteRefresh ipv4-unicast"], PullAll());
        Assert.Empty(PullAll());
    }

    [Fact]
    public void BoRR_waits_for_End_of_RIB()
    {
        _rib.SetDesired(Routes.Set(1, Routes.Route("203.0.113.50/32")));
        _rib.SessionUp(Routes.External with { Families = [Family.IPv4Unicast] });
        _rib.Refresh(Family.IPv4Unicast, enhanced: true);
        Assert.Equal(
            [
                "announce 1", "EndOfRib ipv4-unicast",
                "BeginningOfRouteRefresh ipv4-unicast", "announce 1", "EndOfRouteRefresh ipv4-unicast",
            ],
            PullAll());
    }

    [Fact]
    public void A_second_refresh_during_the_first_is_answered_after_it()
    {
        UpAndSynced(Routes.Thousand(0));
        _rib.Refresh(Family.IPv4Unicast, enhanced: true);
        Assert.Equal("BeginningOfRouteRefresh ipv4-unicast", PullOne());
        Assert.Equal("announce 810", PullOne());
        _rib.Refresh(Family.IPv4Unicast, enhanced: true);
        _rib.Refresh(Family.IPv4Unicast, enhanced: true);
        Assert.Equal(
            [
                "announce 190", "EndOfRouteRefresh ipv4-unicast", "BeginningOfRouteRefresh ipv4-unicast",
                "announce 810", "announce 190", "EndOfRouteRefresh ipv4-unicast",
            ],
            PullAll());
    }

    [Fact]
    public void Refresh_of_a_family_that_was_not_negotiated_is_ignored()
    {
        _rib.SessionUp(Routes.External with { Families = [Family.IPv4Unicast] });
        PullAll();
        _rib.Refresh(Family.IPv6Unicast, enhanced: true);
        Assert.Empty(PullAll());
    }

    [Fact]
    public void A_version_is_synced_once_its_last_message_is_pulled()
    {
        Assert.Null(_rib.SyncedVersion);
        _rib.SetDesired(Routes.Set(7, Routes.Thousand(0)));
        _rib.SessionUp(Routes.External);
        Assert.Null(_rib.SyncedVersion);
        PullOne();
        PullOne();
        // End-of-RIB is the last.
        Assert.Null(_rib.SyncedVersion);
        PullAll();
        Assert.Equal(7, _rib.SyncedVersion);

        _rib.SetDesired(Routes.Set(8));
        Assert.Equal(7, _rib.SyncedVersion);
        PullAll();
        Assert.Equal(8, _rib.SyncedVersion);
        _rib.SessionDown();
        Assert.Null(_rib.SyncedVersion);
    }

    [Fact]
    public void A_set_with_the_same_routes_is_synced_at_once()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"));
        _rib.SetDesired(Routes.Set(2, Routes.Route("203.0.113.50/32")));
        Assert.Equal(2, _rib.SyncedVersion);
        Assert.Empty(PullAll());
    }

    [Fact]
    public void A_refresh_does_not_undo_what_is_synced()
    {
        UpAndSynced(Routes.Thousand(0));
        _rib.Refresh(Family.IPv4Unicast, enhanced: false);
        _rib.SetDesired(Routes.Set(2, Routes.Thousand(0).Skip(1)));
        Assert.Equal(1, _rib.SyncedVersion);
        Assert.Equal("withdraw 1", PullOne());
        Assert.Equal(2, _rib.SyncedVersion);
        Assert.Equal(["announce 810", "announce 189"], PullAll());
    }

    [Fact]
    public void Advertised_prefixes_are_counted_when_pulled()
    {
        _rib.SetDesired(Routes.Set(1, Routes.Thousand(0).Append(Routes.Route("2001:db8::50/128"))));
        _rib.SessionUp(Routes.External);
        Assert.Equal((0, 0), Counts());
        PullOne();
        Assert.Equal((810, 0), Counts());
        PullAll();
        Assert.Equal((1000, 1), Counts());
        _rib.Refresh(Family.IPv4Unicast, enhanced: false);
        PullAll();
        Assert.Equal((1000, 1), Counts());
        _rib.SetDesired(Routes.Set(2));
        PullAll();
        Assert.Equal((0, 0), Counts());
    }

    [Fact]
    public void Each_prefix_is_described_with_the_reason_why_the_peer_has_it_or_not()
    {
        var prefix = Routes.Prefix("203.0.113.50/32");
        var route = Routes.Route("203.0.113.50/32");
        _rib.SetDesired(Routes.Set(1, route));
        Assert.Equal(new(false, "no session"), _rib.Describe(prefix));
        _rib.SessionUp(Routes.External);
        Assert.Equal(new(false, "an announcement is due"), _rib.Describe(prefix));
        PullAll();
        Assert.Equal(new(true, ""), _rib.Describe(prefix));
        _rib.SetDesired(Routes.Set(2, route with { PeerAttributes = [new("tor1", new() { Med = 9 })] }));
        Assert.Equal(new(true, "an announcement is due"), _rib.Describe(prefix));
        PullAll();
        Assert.Equal(new(true, "announced with attributes for this peer alone"), _rib.Describe(prefix));
        _rib.SetDesired(Routes.Set(3));
        Assert.Equal(new(true, "a withdrawal is due"), _rib.Describe(prefix));
        PullAll();
        Assert.Equal(new(false, "not to be announced"), _rib.Describe(prefix));
    }

    [Fact]
    public void A_family_without_next_hop_is_not_announced_and_says_so()
    {
        _rib.SetDesired(Routes.Set(1, Routes.Route("203.0.113.50/32"), Routes.Route("2001:db8::50/128")));
        _rib.SessionUp(Routes.External with { NextHopIPv6 = null });
        Assert.Equal(["announce 1", "EndOfRib ipv4-unicast", "EndOfRib ipv6-unicast"], PullAll());
        Assert.Equal(
            new(false, "there is no ipv6-unicast next hop towards tor1: configure one for this peer"),
            _rib.Describe(Routes.Prefix("2001:db8::50/128")));
        Assert.Equal(1, _rib.SyncedVersion);
    }

    private (int IPv4, int IPv6) Counts() =>
        (_rib.CountAdvertised(Family.IPv4Unicast), _rib.CountAdvertised(Family.IPv6Unicast));

    [Fact]
    public void Another_export_sends_what_reads_otherwise_and_nothing_else()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32", new() { Med = 5 }), Routes.Route("203.0.113.51/32"));

        _rib.ChangeExport(Routes.External with { Overlay = new() { Med = 5 } });
        Assert.Equal(["announce 1"], PullAll());
        _rib.ChangeExport(Routes.External with { Overlay = new() { Med = 5 } });
        Assert.Empty(PullAll());
    }

    [Fact]
    public void An_export_without_a_next_hop_withdraws_and_a_new_next_hop_announces_again()
    {
        UpAndSynced(Routes.Route("203.0.113.50/32"), Routes.Route("2001:db8::50/128"));

        _rib.ChangeExport(Routes.External with { NextHopIPv6 = null });
        Assert.Equal(["withdraw 1"], PullAll());
        _rib.ChangeExport(Routes.External);
        Assert.Equal(["announce 1"], PullAll());
    }

    [Fact]
    public void End_of_RIB_waits_until_the_set_is_complete()
    {
        _rib.SetDesired(Incomplete(1, Routes.Route("203.0.113.50/32")));
        _rib.SessionUp(Routes.External);
        Assert.Equal(["announce 1"], PullAll());
        Assert.Null(_rib.SyncedVersion);

        _rib.SetDesired(Routes.Set(2, Routes.Route("203.0.113.50/32")));
        Assert.Equal(["EndOfRib ipv4-unicast", "EndOfRib ipv6-unicast"], PullAll());
        Assert.Equal(2, _rib.SyncedVersion);
    }

    [Fact]
    public void A_refresh_waits_for_an_End_of_RIB_that_waits()
    {
        _rib.SetDesired(Incomplete(1));
        _rib.SessionUp(Routes.External with { Families = [Family.IPv4Unicast] });
        _rib.Refresh(Family.IPv4Unicast, enhanced: true);
        Assert.Empty(PullAll());

        _rib.SetDesired(Routes.Set(2));
        Assert.Equal(
            ["EndOfRib ipv4-unicast", "BeginningOfRouteRefresh ipv4-unicast", "EndOfRouteRefresh ipv4-unicast"],
            PullAll());
    }

    private static RouteSet Incomplete(long version, params IEnumerable<DesiredRoute> routes) =>
        new(version, Routes.Set(version, routes).Routes, []) { IsComplete = false };

    private void UpAndSynced(params IEnumerable<DesiredRoute> routes)
    {
        _rib.SetDesired(Routes.Set(1, routes));
        _rib.SessionUp(Routes.External);
        PullAll();
        Assert.Equal(1, _rib.SyncedVersion);
    }

    private string PullOne()
    {
        Assert.True(_rib.TryNext(_buffer, out var written));
        _peer.Receive(_buffer.AsSpan(0, written));
        return _peer.Log[^1];
    }

    private List<string> PullAll()
    {
        var before = _peer.Log.Count;
        while (_rib.TryNext(_buffer, out var written))
            _peer.Receive(_buffer.AsSpan(0, written));
        return _peer.Log[before..];
    }

}

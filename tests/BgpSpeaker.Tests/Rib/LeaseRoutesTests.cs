using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Rib.LeaseScenario;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>Which routes are taken and which refused, who wins, and what an emergency withdraw does.</summary>
public sealed class LeaseRoutesTests
{
    private const string Web = "203.0.113.50/32";
    private const string Dns = "203.0.113.53/32";

    private readonly LeaseScenario _scenario = new();

    [Theory]
    [InlineData("0.0.0.0/0", RefusalReason.NotAllowed)]
    [InlineData("::/0", RefusalReason.NotAllowed)]
    [InlineData("203.0.113.0/24", RefusalReason.NotAllowed)]
    [InlineData("198.51.100.1/32", RefusalReason.NotAllowed)]
    [InlineData("203.0.113.50/24", RefusalReason.Malformed)]
    [InlineData("203.0.113.50", RefusalReason.Malformed)]
    [InlineData("web.example/32", RefusalReason.Malformed)]
    [InlineData("", RefusalReason.Malformed)]
    public void A_route_that_is_malformed_or_not_allowed_is_refused_alone(string prefix, RefusalReason reason)
    {
        var refused = _scenario.Declare(_scenario.Open(), Announce("bad", prefix), Announce("web", Web));
        var route = Assert.Single(refused);
        Assert.Equal(("bad", prefix, reason), (route.Vip, route.Prefix, route.Reason));
        Assert.Equal(Web, _scenario.Announced);
        Assert.Contains(_scenario.View(), line => line.Contains("Refused", StringComparison.Ordinal));
    }

    public static TheoryData<RouteDeclaration, string> Unreadable => new()
    {
        { new(Web, RouteAttributes.None, [], "communities: \"x\" is no community"), "\"x\" is no community" },
        { new(Web, new() { AsPathPrepend = 33 }, []), "as_path_prepend is 33: use 0-32" },
        { new(Web, new() { AsPathPrepend = -1 }, []), "as_path_prepend is -1: use 0-32" },
        {
            new(Web, new() { Communities = Enumerable.Range(0, 65).Select(n => (uint)n).ToValueList() }, []),
            "65 communities: use at most 64"
        },
        {
            new(Web, RouteAttributes.None, [new("tor1", new() { AsPathPrepend = 40 })]),
            "for peer tor1: as_path_prepend is 40"
        },
    };

    [Theory]
    [MemberData(nameof(Unreadable))]
    public void A_route_with_attributes_out_of_range_is_refused_as_malformed(RouteDeclaration route, string text)
    {
        var stream = _scenario.Open();
        var vip = new VipDeclaration("web", VipIntent.Announce, "", [route]);
        var refused = Assert.Single(_scenario.Declare(stream, vip));
        Assert.Equal(RefusalReason.Malformed, refused.Reason);
        Assert.Contains(text, refused.Text, StringComparison.Ordinal);
        Assert.Equal("", _scenario.Announced);
    }

    [Fact]
    public void A_VIP_that_announces_no_prefix_or_one_twice_is_told_so()
    {
        var refused = _scenario.Declare(_scenario.Open(), Announce("dns", Dns, Dns), Announce("web"));
        Assert.Equal(
            ["VIP dns names 203.0.113.53/32 twice: once will do", "VIP web names no prefix to announce"],
            refused.Select(route => route.Text));
        Assert.Equal(Dns, _scenario.Announced);
    }

    [Fact]
    public void The_first_announcers_attributes_stay_until_it_goes_away()
    {
        var first = _scenario.Open("first");
        var second = _scenario.Open("second");
        _scenario.Declare(first, AnnounceWithMed("web", Web, 10));
        var refused = Assert.Single(_scenario.Declare(second, AnnounceWithMed("www", Web, 20)));
        Assert.Equal(("www", Web, RefusalReason.Conflict), (refused.Vip, refused.Prefix, refused.Reason));
        Assert.StartsWith("client first announced 203.0.113.50/32 first", refused.Text, StringComparison.Ordinal);
        Assert.Equal($"{Web} med 10", _scenario.Announced);

        // The first announcer stays first when it changes its mind about attributes.
        _scenario.Declare(first, AnnounceWithMed("web", Web, 11));
        Assert.Equal($"{Web} med 11", _scenario.Announced);
        _scenario.Declare(first, Withdraw("web"));
        Assert.Equal($"{Web} med 20", _scenario.Announced);
        Assert.Single(_scenario.Declare(first, AnnounceWithMed("web", Web, 10)));
        Assert.Equal($"{Web} med 20", _scenario.Announced);
    }

    [Fact]
    public void The_same_prefix_with_the_same_attributes_is_no_conflict()
    {
        var route = new RouteDeclaration(Web, new() { Communities = [2, 1] }, []);
        var reordered = route with { Attributes = new() { Communities = [1, 2, 1] } };
        var first = _scenario.Open("first");
        _scenario.Declare(first, new VipDeclaration("web", VipIntent.Announce, "", [route]));
        var second = _scenario.Open("second");
        Assert.Empty(_scenario.Declare(second, new VipDeclaration("web", VipIntent.Announce, "", [reordered])));
        _scenario.Declare(first, Withdraw("web"));
        Assert.Equal(Web, _scenario.Announced);
    }

    [Fact]
    public void A_prefix_of_several_VIPs_is_announced_while_any_of_them_announces_it()
    {
        var stream = _scenario.Open();
        Assert.Empty(_scenario.Declare(stream, AnnounceWithMed("b", Web, 2), AnnounceWithMed("a", Web, 1)));
        Assert.Equal($"{Web} med 1", _scenario.Announced);
        Assert.Equal([$"{Web} gate [a, b] Announced: healthy"], _scenario.View());
        _scenario.Declare(stream, Withdraw("a"), AnnounceWithMed("b", Web, 2));
        Assert.Equal($"{Web} med 2", _scenario.Announced);
        _scenario.Declare(stream, Withdraw("a"), Withdraw("b"));
        Assert.Equal("", _scenario.Announced);
    }

    [Fact]
    public void Emergency_withdraw_withdraws_everything_whatever_is_declared_until_lifted()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.At(1).EmergencyWithdraw("route leak");
        Assert.Equal("", _scenario.Announced);
        Assert.Equal(new Emergency("route leak", TimeSpan.FromSeconds(1)), _scenario.Table.Emergency);

        var refused = _scenario.Declare(stream, Announce("web", Web), Announce("dns", Dns));
        Assert.Equal([RefusalReason.Emergency, RefusalReason.Emergency], refused.Select(route => route.Reason));
        Assert.Equal("", _scenario.Announced);
        Assert.Equal(
            [
                $"{Web} gate [web] Withdrawn: emergency withdraw in force: route leak",
                $"{Dns} gate [dns] Withdrawn: emergency withdraw in force: route leak",
            ],
            _scenario.View());

        Assert.True(_scenario.Lift());
        Assert.Equal($"{Web}, {Dns}", _scenario.Announced);
        Assert.Null(_scenario.Table.Emergency);
        Assert.False(_scenario.Lift());
    }

    [Fact]
    public void Lifting_announces_live_leases_only()
    {
        var gate = _scenario.Open("gate");
        _scenario.Declare(gate, Announce("web", Web));
        _scenario.Declare(_scenario.Open("other"), Announce("dns", Dns));
        _scenario.EmergencyWithdraw("route leak");
        _scenario.At(4).Heartbeat(gate);
        _scenario.At(6).Lift();
        Assert.Equal(Web, _scenario.Announced);
    }

    [Fact]
    public void A_repeated_emergency_withdraw_replaces_the_reason_and_keeps_the_time()
    {
        _scenario.At(1).EmergencyWithdraw("route leak");
        _scenario.At(2).EmergencyWithdraw("wrong site");
        Assert.Equal(new Emergency("wrong site", TimeSpan.FromSeconds(1)), _scenario.Table.Emergency);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData(null)]
    public void An_emergency_withdraw_needs_a_reason_of_at_most_255_characters(string? reason)
    {
        var error = _scenario.Table.EmergencyWithdraw(reason ?? new string('x', 256), TimeSpan.Zero);
        Assert.Equal(LeaseErrorKind.InvalidArgument, error!.Kind);
        Assert.Null(_scenario.Table.Emergency);
    }

    [Fact]
    public void The_routes_name_the_revision_of_each_live_client_that_they_embody()
    {
        var table = _scenario.Table;
        var gate = _scenario.Open("gate", epoch: 3);
        Assert.Empty(table.Current.Revisions);
        _scenario.Declare(gate, Announce("web", Web));
        _scenario.Declare(_scenario.Open("other"), Announce("dns", Dns));
        Assert.Equal([new("gate", 3, 1), new("other", 1, 2)], table.Current.Revisions);
        var version = table.Current.Version;
        _scenario.Declare(gate, Announce("web", Web));
        Assert.Equal([new("gate", 3, 3), new("other", 1, 2)], table.Current.Revisions);
        Assert.True(table.Current.Version > version);
        _scenario.Open("gate", epoch: 4);
        Assert.Equal([new("other", 1, 2)], table.Current.Revisions);
    }

    [Fact]
    public void A_heartbeat_makes_no_new_version()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        var before = _scenario.Table.Current;
        _scenario.At(1).Heartbeat(stream);
        Assert.Same(before, _scenario.Table.Current);
    }

    [Fact]
    public void Attributes_for_single_peers_are_carried_in_the_order_of_their_names()
    {
        PeerAttributes a = new("a", new() { Med = 1 });
        PeerAttributes b = new("b", new() { Med = 2 });
        _scenario.Declare(_scenario.Open(), new VipDeclaration(
            "web", VipIntent.Announce, "", [new(Web, RouteAttributes.None, [b, a])]));
        var route = Assert.Single(_scenario.Table.Current.Routes);
        Assert.Equal([a, b], route.PeerAttributes);
        Assert.Equal(a.Attributes, route.AttributesFor("a"));
        Assert.Equal(RouteAttributes.None, route.AttributesFor("c"));
    }

    [Fact]
    public void Another_allow_list_withdraws_what_it_does_not_permit_and_announces_what_it_newly_does()
    {
        var stream = _scenario.Open();
        var refused = _scenario.Declare(stream, Announce("web", Web), Announce("new", "198.51.100.1/32"));
        Assert.Equal("198.51.100.1/32", Assert.Single(refused).Prefix);
        var version = _scenario.Table.Current.Version;

        _scenario.Allow("198.51.100.0/24");
        Assert.Equal("198.51.100.1/32", _scenario.Announced);
        Assert.Equal(version + 1, _scenario.Table.Current.Version);
        Assert.Contains(_scenario.View(), line =>
            line.StartsWith($"{Web} gate [web] Refused: {Web} is outside", StringComparison.Ordinal));

        _scenario.Allow("198.51.100.0/24", "203.0.113.0/24");
        Assert.Equal($"198.51.100.1/32, {Web}", _scenario.Announced);
    }

    [Fact]
    public void The_same_allow_list_changes_no_version()
    {
        _scenario.Declare(_scenario.Open(), Announce("web", Web), Unknown("dns"), Announce("empty"));
        var before = (_scenario.Table.Current.Version, _scenario.View());

        _scenario.Allow("203.0.113.0/24");

        Assert.Equal(before.Version, _scenario.Table.Current.Version);
        Assert.Equal(before.Item2, _scenario.View());
    }

    [Fact]
    public void Another_allow_list_adds_nothing_to_what_is_only_held()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web, "198.51.100.1/32"));
        _scenario.Declare(stream, Unknown("web"));

        _scenario.Allow("198.51.100.0/24", "203.0.113.0/24");
        Assert.Equal(Web, _scenario.Announced);
        _scenario.Allow();
        Assert.Equal("", _scenario.Announced);
        _scenario.Allow("203.0.113.0/24");
        Assert.Equal("", _scenario.Announced);

        _scenario.Declare(stream, Announce("web", Web));
        Assert.Equal(Web, _scenario.Announced);
    }

    [Fact]
    public void The_same_words_after_a_hold_are_judged_anew()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.Declare(stream, Unknown("web"));
        _scenario.Allow();
        _scenario.Allow("203.0.113.0/24");
        Assert.Equal("", _scenario.Announced);

        _scenario.Declare(stream, Announce("web", Web));
        Assert.Equal(Web, _scenario.Announced);
    }

    [Fact]
    public void The_same_words_are_refused_with_the_same_answer()
    {
        var stream = _scenario.Open();
        var first = _scenario.Declare(stream, Announce("web", Web, "198.51.100.1/32"));
        var again = _scenario.Declare(stream, Announce("web", Web, "198.51.100.1/32"));

        Assert.Equal((1, first), (again.Count, again));
        Assert.Equal(Web, _scenario.Announced);
    }
}

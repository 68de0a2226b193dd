using System.Globalization;
using AnycastVip.BgpSpeaker.Rib;
using static AnycastVip.BgpSpeaker.Tests.Rib.LeaseScenario;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>Requests that are refused as a whole, bounds, and what views show.</summary>
public sealed class LeaseRequestTests
{
    private const string Web = "203.0.113.50/32";

    private readonly LeaseScenario _scenario = new();

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("gate/1")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public void A_client_id_has_1_to_64_plain_characters(string client) =>
        Assert.Equal(LeaseErrorKind.InvalidArgument, _scenario.OpenError(client).Kind);

    [Theory]
    [InlineData(0.9, null)]
    [InlineData(60.1, null)]
    [InlineData(10.0, 5.1)]
    [InlineData(10.0, 0.0)]
    [InlineData(10.0, -1.0)]
    [InlineData(null, 2.6)]
    public void A_time_to_live_or_heartbeat_out_of_range_is_refused(double? ttl, double? heartbeat) =>
        Assert.Equal(LeaseErrorKind.InvalidArgument, _scenario.OpenError(ttl: ttl, heartbeat: heartbeat).Kind);

    [Theory]
    [InlineData(null, null, 5.0, 1.0)]
    [InlineData(60.0, 30.0, 60.0, 30.0)]
    [InlineData(1.0, null, 1.0, 0.5)]
    public void Unset_values_are_the_speakers_own(double? ttl, double? heartbeat, double granted, double interval)
    {
        var grant = _scenario.OpenGrant(ttl: ttl, heartbeat: heartbeat);
        Assert.Equal((granted, interval), (grant.Ttl.TotalSeconds, grant.HeartbeatInterval.TotalSeconds));
    }

    [Fact]
    public void A_65th_client_is_refused_until_another_ones_lease_has_run_out()
    {
        var streams = Enumerable.Range(1, LeaseTable.MaximumClients)
            .Select(number => _scenario.Open("client-" + number.ToString(CultureInfo.InvariantCulture))).ToArray();
        Assert.Equal(LeaseErrorKind.OutOfResources, _scenario.OpenError("one-more").Kind);
        _scenario.At(4);
        foreach (var stream in streams[1..])
            _scenario.Heartbeat(stream);
        _scenario.At(5).Open("one-more");
        Assert.DoesNotContain(_scenario.Leases(), lease => lease.ClientId == "client-1");
    }

    [Fact]
    public void A_set_of_more_than_10000_VIPs_is_refused_and_changes_nothing()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        var vips = Enumerable.Range(0, LeaseTable.MaximumVips + 1)
            .Select(number => Withdraw("vip-" + number.ToString(CultureInfo.InvariantCulture)));
        Assert.Equal(LeaseErrorKind.OutOfResources, _scenario.DeclareError(stream, vips).Kind);
        Assert.Equal(Web, _scenario.Announced);
    }

    [Fact]
    public void More_than_100000_routes_are_refused_and_what_dead_clients_declared_makes_room()
    {
        var stream = _scenario.Open("first");
        _scenario.Declare(stream, ManyRoutes(60_000));
        var second = _scenario.Open("second");
        Assert.Equal(LeaseErrorKind.OutOfResources, _scenario.DeclareError(second, ManyRoutes(60_000)).Kind);
        _scenario.At(4).Heartbeat(second);
        _scenario.At(5).Declare(second, ManyRoutes(60_000));
        Assert.DoesNotContain(_scenario.Table.ListRoutes(TimeSpan.FromSeconds(5)), row => row.ClientId == "first");
    }

    [Fact]
    public void A_set_with_a_VIP_twice_or_without_a_name_is_refused()
    {
        var stream = _scenario.Open();
        var twice = _scenario.DeclareError(stream, Announce("web", Web), Withdraw("web"));
        Assert.Equal((LeaseErrorKind.InvalidArgument, "VIP web is in the set twice: name it once"),
            (twice.Kind, twice.Text));
        Assert.Equal(LeaseErrorKind.InvalidArgument, _scenario.DeclareError(stream, Announce("", Web)).Kind);
        Assert.Equal(
            LeaseErrorKind.InvalidArgument, _scenario.DeclareError(stream, Announce(new string('v', 65), Web)).Kind);
        Assert.Equal("", _scenario.Announced);
    }

    [Fact]
    public void Revisions_grow_within_a_stream()
    {
        var table = _scenario.Table;
        var stream = _scenario.Open();
        Assert.True(table.TryDeclare(stream, new(5, []), TimeSpan.Zero, out _, out _));
        Assert.False(table.TryDeclare(stream, new(5, []), TimeSpan.Zero, out _, out var error));
        Assert.Equal("revision 5 does not grow: the last one was 5", error.Text);
        Assert.True(table.TryDeclare(_scenario.Open(), new(1, []), TimeSpan.Zero, out _, out _));
    }

    [Fact]
    public void Every_state_of_a_route_has_its_reason_and_its_deadline_while_the_clock_runs()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        Assert.Equal([$"{Web} gate [web] Announced: healthy"], _scenario.At(2).View());
        Assert.Equal([$"{Web} gate [web] Announced: healthy (until 5)"], _scenario.At(2.1).View());
        _scenario.At(3).Lose(stream);
        Assert.Equal([$"{Web} gate [web] Held: client gate is gone; before: healthy (until 8)"], _scenario.View());
        stream = _scenario.Open(epoch: 2);
        Assert.Equal(
            [$"{Web} gate [web] Held: client gate has restarted and has not yet spoken about it (until 8)"],
            _scenario.View());
        _scenario.Declare(stream, Unknown("web"));
        Assert.Equal([$"{Web} gate [web] Held: the client does not know yet (until 8)"], _scenario.View());
        _scenario.Declare(stream);
        Assert.Equal([$"{Web} gate [web] Held: client gate left it out of its set (until 8)"], _scenario.View());
        _scenario.At(7).Heartbeat(stream);
        Assert.Equal(
            [$"{Web} gate [web] Withdrawn: the lease ran out: client gate left it out of its set"],
            _scenario.At(8).View());
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.Declare(stream, Withdraw("web"));
        Assert.Equal([$"{Web} gate [web] Withdrawn: drained by alice"], _scenario.View());
        _scenario.Declare(stream);
        Assert.Empty(_scenario.View());
    }

    [Theory]
    [InlineData(false, "the lease ran out: client gate was silent for 5 s")]
    [InlineData(true, "the lease ran out: client gate was gone for 5 s")]
    public void A_lease_that_ran_out_says_why(bool lost, string reason)
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        if (lost)
            _scenario.Lose(stream);
        Assert.Equal([$"{Web} gate [web] Withdrawn: {reason}"], _scenario.At(5).View());
    }

    [Fact]
    public void A_conflict_is_shown_at_the_client_that_came_second()
    {
        _scenario.Declare(_scenario.Open("b"), AnnounceWithMed("web", Web, 1));
        _scenario.Declare(_scenario.Open("a"), AnnounceWithMed("web", Web, 2));
        Assert.Equal(
            [
                $"{Web} a [web] Refused: client b announced {Web} first and with other attributes: "
                    + "withdraw it there or ask for the same attributes",
                $"{Web} b [web] Announced: healthy",
            ],
            _scenario.View());
    }

    [Fact]
    public void Reasons_and_prefixes_are_shown_in_one_bounded_line()
    {
        _scenario.Declare(_scenario.Open(),
            new VipDeclaration("web", VipIntent.Announce, "two\nlines" + new string('x', 1000), [new(Web, new(), [])]),
            Announce("bad", new string('9', 1000)));
        Assert.All(_scenario.View(), line => Assert.True(line.Length < 400 && !line.Contains('\n')));
    }

    [Fact]
    public void Each_lease_shows_its_holder_and_its_deadline_while_the_clock_runs()
    {
        var stream = _scenario.Open("gate", epoch: 9);
        _scenario.Declare(stream, Announce("web", Web), Withdraw("dns"));
        var lease = new LeaseView("gate", 9, true, TimeSpan.FromSeconds(5), TimeSpan.Zero, null, 1, 2);
        Assert.Equal([lease], _scenario.Leases());
        _scenario.At(1).Lose(stream);
        Assert.Equal([lease with { Connected = false, ExpiresAt = TimeSpan.FromSeconds(6) }], _scenario.Leases());
        Assert.Empty(_scenario.At(6).Leases());
    }

    private static VipDeclaration ManyRoutes(int count) => Announce("many", Enumerable.Range(0, count)
        .Select(number => string.Create(CultureInfo.InvariantCulture, $"2001:db8::{number:x}/128"))
        .ToArray());
}

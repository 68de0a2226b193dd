using AnycastVip.BgpSpeaker.Rib;
using static AnycastVip.BgpSpeaker.Tests.Rib.LeaseScenario;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>How long announcements live: sentence by sentence of the contract in speaker.proto.</summary>
public sealed class LeaseLifeTests
{
    private const string Web = "203.0.113.50/32";
    private const string Dns = "203.0.113.53/32";

    private readonly LeaseScenario _scenario = new();

    [Fact]
    public void Nothing_is_announced_by_default()
    {
        Assert.Equal("", _scenario.Announced);
        Assert.Equal(0, _scenario.Table.Current.Version);
        Assert.Null(_scenario.NextDeadline);
    }

    [Fact]
    public void The_lease_lives_while_heartbeats_keep_arriving()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        for (var second = 1; second <= 100; second++)
            _scenario.At(second).Heartbeat(stream);
        Assert.Equal(Web, _scenario.At(104.9).Announced);
    }

    [Fact]
    public void A_desired_set_counts_as_a_sign_of_life()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.At(4).Declare(stream, Announce("web", Web));
        Assert.Equal(9, _scenario.NextDeadline);
        Assert.Equal(Web, _scenario.At(8.9).Announced);
    }

    [Theory]
    [InlineData(6.9, Web)]
    [InlineData(7.0, "")]
    public void A_silent_client_is_withdrawn_a_lease_after_its_last_request_and_not_before(double at, string announced)
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.At(2).Heartbeat(stream);
        Assert.Equal(7, _scenario.NextDeadline);
        Assert.Equal(announced, _scenario.At(at).Announced);
    }

    [Theory]
    [InlineData(7.9, Web)]
    [InlineData(8.0, "")]
    public void A_lost_stream_is_withdrawn_a_lease_after_the_loss_and_not_before(double at, string announced)
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.At(3).Lose(stream);
        Assert.Equal(8, _scenario.NextDeadline);
        Assert.Equal(announced, _scenario.At(at).Announced);
    }

    [Fact]
    public void A_stream_whose_lease_ran_out_ends_and_its_heartbeats_revive_nothing()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.At(5);
        var ended = Assert.Single(_scenario.Table.TakeEndedStreams());
        Assert.Equal((stream, LeaseErrorKind.StreamEnded), (ended.Stream, ended.Error.Kind));
        Assert.Empty(_scenario.Table.TakeEndedStreams());
        Assert.Equal(LeaseErrorKind.StreamEnded, _scenario.HeartbeatError(stream)!.Kind);
        Assert.Equal("", _scenario.Announced);
        Assert.Null(_scenario.NextDeadline);
    }

    [Fact]
    public void A_late_request_finds_its_lease_run_out_even_if_nobody_advanced_the_table()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        var error = _scenario.Table.Heartbeat(stream, TimeSpan.FromSeconds(5));
        Assert.Equal(LeaseErrorKind.StreamEnded, error!.Kind);
        Assert.Equal("", _scenario.Announced);
    }

    [Fact]
    public void A_client_whose_lease_ran_out_announces_again_with_a_new_stream_and_set()
    {
        _scenario.Declare(_scenario.Open(), Announce("web", Web));
        var grant = _scenario.At(6).OpenGrant();
        Assert.False(grant.TookOver);
        Assert.Equal("", _scenario.Announced);
        _scenario.Declare(grant.Stream, Announce("web", Web));
        Assert.Equal(Web, _scenario.Announced);
    }

    [Fact]
    public void Only_an_explicit_withdraw_acts_at_once()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web), Announce("dns", Dns));
        _scenario.At(1).Declare(stream, Withdraw("web"), Announce("dns", Dns));
        Assert.Equal(Dns, _scenario.Announced);
        _scenario.At(2).Declare(stream, Unknown("dns"));
        Assert.Equal(Dns, _scenario.Announced);
        _scenario.At(3).Declare(stream);
        Assert.Equal(Dns, _scenario.Announced);
    }

    [Fact]
    public void An_announced_VIP_announces_exactly_its_latest_routes()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web, "2001:db8::50/128"));
        _scenario.Declare(stream, Announce("web", Web));
        Assert.Equal(Web, _scenario.Announced);
    }

    // The deadline as it stood when the VIP was last announced: 2 + 5, whatever is sent afterwards.
    [Theory]
    [InlineData(6.9, Web)]
    [InlineData(7.0, "")]
    public void An_unknown_VIP_is_held_until_the_lease_that_announced_it_would_have_run_out(double at, string announced)
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.At(2).Heartbeat(stream);
        _scenario.At(3).Declare(stream, Unknown("web"));
        foreach (var second in new[] { 4, 5, 6 })
        {
            _scenario.At(second).Declare(stream, Unknown("web"));
            _scenario.Heartbeat(stream);
        }
        Assert.Equal(7, _scenario.NextDeadline);
        Assert.Equal(announced, _scenario.At(at).Announced);
    }

    [Fact]
    public void A_VIP_that_a_later_set_leaves_out_is_treated_as_unknown()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web), Announce("dns", Dns));
        _scenario.At(1).Declare(stream, Announce("dns", Dns));
        Assert.Equal($"{Web}, {Dns}", _scenario.At(4.9).Announced);
        _scenario.Heartbeat(stream);
        Assert.Equal(Dns, _scenario.At(5).Announced);
    }

    [Fact]
    public void An_unknown_VIP_that_is_announced_again_lives_with_the_lease_again()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.At(1).Declare(stream, Unknown("web"));
        _scenario.At(4).Declare(stream, Announce("web", Web));
        Assert.Equal(Web, _scenario.At(8.9).Announced);
        Assert.Equal("", _scenario.At(9).Announced);
    }

    [Fact]
    public void A_VIP_that_was_never_announced_and_is_unknown_announces_nothing()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Unknown("web") with { Routes = Announce("web", Web).Routes });
        Assert.Equal("", _scenario.Announced);
        Assert.Equal(
            [$"{Web} gate [web] Withdrawn: not announced: the client does not know yet"], _scenario.View());
    }

    [Fact]
    public void A_withdrawn_VIP_that_becomes_unknown_stays_withdrawn()
    {
        var stream = _scenario.Open();
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.Declare(stream, Withdraw("web"));
        _scenario.Declare(stream, Unknown("web"));
        Assert.Equal("", _scenario.Announced);
    }

    [Fact]
    public void A_client_that_restarts_moves_no_route()
    {
        var old = _scenario.Open(epoch: 1);
        _scenario.Declare(old, Announce("web", Web));
        var version = _scenario.Table.Current.Version;
        var routes = _scenario.Table.Current.Routes;
        _scenario.At(1).Lose(old);
        var grant = _scenario.At(3).OpenGrant(epoch: 2);
        Assert.True(grant.TookOver);
        _scenario.Declare(grant.Stream, Unknown("web"));
        _scenario.At(4).Declare(grant.Stream, Announce("web", Web));
        Assert.Equal(routes, _scenario.Table.Current.Routes);
        Assert.True(_scenario.Table.Current.Version > version);
        Assert.Equal(9, _scenario.NextDeadline);
    }

    // The stream was lost at 1, so the old lease runs out at 6, however alive the new epoch is.
    [Theory]
    [InlineData(5.9, Web)]
    [InlineData(6.0, "")]
    public void Old_announcements_that_the_new_epoch_does_not_speak_about_end_with_the_old_lease(
        double at, string announced)
    {
        var old = _scenario.Open(epoch: 1);
        _scenario.Declare(old, Announce("web", Web));
        _scenario.At(1).Lose(old);
        var stream = _scenario.At(2).Open(epoch: 2, ttl: 60);
        _scenario.At(3).Heartbeat(stream);
        Assert.Equal(6, _scenario.NextDeadline);
        Assert.Equal(announced, _scenario.At(at).Announced);
    }

    [Fact]
    public void A_newer_epoch_takes_over_from_a_connected_one_at_once()
    {
        var old = _scenario.Open(epoch: 1);
        _scenario.Declare(old, Announce("web", Web));
        _scenario.At(2).Heartbeat(old);
        var stream = _scenario.At(3).Open(epoch: 2);
        var ended = Assert.Single(_scenario.Table.TakeEndedStreams());
        Assert.Equal((old, LeaseErrorKind.StreamEnded), (ended.Stream, ended.Error.Kind));
        Assert.NotNull(_scenario.HeartbeatError(old));
        Assert.Equal(7, _scenario.NextDeadline);
        _scenario.At(6).Heartbeat(stream);
        Assert.Equal("", _scenario.At(7).Announced);
    }

    [Fact]
    public void What_the_new_epoch_withdraws_is_withdrawn_at_once()
    {
        _scenario.Declare(_scenario.Open(epoch: 1), Announce("web", Web), Announce("dns", Dns));
        _scenario.Declare(_scenario.At(1).Open(epoch: 2), Withdraw("web"), Unknown("dns"));
        Assert.Equal(Dns, _scenario.Announced);
        Assert.Equal("", _scenario.At(5).Announced);
    }

    [Fact]
    public void The_end_of_an_old_stream_does_not_touch_the_lease_that_took_over()
    {
        var old = _scenario.Open(epoch: 1);
        var stream = _scenario.Open(epoch: 2);
        _scenario.Declare(stream, Announce("web", Web));
        _scenario.At(1).Lose(old);
        _scenario.At(4).Heartbeat(stream);
        Assert.Equal(9, _scenario.NextDeadline);
    }

    [Fact]
    public void A_reconnected_client_of_the_same_epoch_goes_on_with_its_lease()
    {
        var first = _scenario.Open(epoch: 1);
        _scenario.Declare(first, Announce("web", Web));
        _scenario.At(1).Lose(first);
        var grant = _scenario.At(3).OpenGrant(epoch: 1);
        Assert.False(grant.TookOver);
        Assert.Equal(8, _scenario.NextDeadline);
        Assert.Equal(Web, _scenario.At(7.9).Announced);
    }

    [Fact]
    public void An_older_epoch_is_refused_and_the_newer_one_stands()
    {
        var stream = _scenario.Open(epoch: 7);
        Assert.Equal(LeaseErrorKind.OlderEpoch, _scenario.OpenError(epoch: 6).Kind);
        _scenario.Heartbeat(stream);
    }

    [Fact]
    public void The_clients_own_time_to_live_counts()
    {
        var stream = _scenario.Open(ttl: 60);
        _scenario.Declare(stream, Announce("web", Web));
        Assert.Equal(Web, _scenario.At(59.9).Announced);
        Assert.Equal("", _scenario.At(60).Announced);
    }

    [Fact]
    public void The_union_of_all_clients_is_announced()
    {
        var gate = _scenario.Open("gate");
        var other = _scenario.Open("other");
        _scenario.Declare(gate, Announce("web", Web));
        _scenario.Declare(other, Announce("dns", Dns));
        Assert.Equal($"{Web}, {Dns}", _scenario.Announced);
        _scenario.At(3).Heartbeat(other);
        Assert.Equal(Dns, _scenario.At(5).Announced);
    }
}

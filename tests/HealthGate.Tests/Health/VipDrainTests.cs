using AnycastVip.HealthGate.Health;
using static AnycastVip.HealthGate.Tests.Health.VipDriver;

namespace AnycastVip.HealthGate.Tests.Health;

public sealed class VipDrainTests
{
    [Fact]
    public void A_drain_goes_down_in_the_planned_order()
    {
        var vip = Announced();
        vip.Tick(60);

        AssertActions(
            vip.Drain(), new SetAnnouncement(Announcement.Draining, "drained: upgrade"),
            new VipStatusChanged(
                VipStatus.Up, VipStatus.Draining, "drained: upgrade; the worse path is on its way to the peers"));
        AssertActions(vip.Take(new RouteDelivered(Announcement.Normal)));
        AssertActions(vip.Take(new RouteDelivered(Announcement.Draining)));
        Assert.Equal(VipPhase.Holding, vip.State.Phase);
        AssertActions(vip.Tick(0.9));
        AssertActions(vip.Tick(0.1), new SetAnnouncement(Announcement.None, "drained: upgrade"));
        AssertActions(
            vip.Take(new RouteDelivered(Announcement.None)), new CountConnections(vip.Now + TimeSpan.FromSeconds(1)));
        vip.Tick(1);
        AssertActions(vip.Count(2, 5));
        Assert.Equal("drained: upgrade; 2 connections are waited for, 5 are stranded", vip.State.Reason);
        AssertActions(vip.Tick(3), new CloseConnections(vip.Now - TimeSpan.FromSeconds(3)));
        AssertActions(vip.Count(1, 0));
        AssertActions(
            vip.Count(0, 0), new CountConnections(null), new SetSelfProbe(false), new SetListener(false));
        AssertActions(vip.See(facts => facts with { Listener = new(Proof.Broken, "closed") }), new SetAddress(false));
        AssertActions(
            vip.See(facts => facts with { Address = new(Proof.Broken, "not on lo") }),
            new VipStatusChanged(VipStatus.Draining, VipStatus.Drained, "drained: upgrade; nothing is left"));
        Assert.Null(vip.State.NextDeadline);
    }

    [Fact]
    public void Every_step_of_a_drain_ends_by_itself()
    {
        var vip = Announced();
        vip.Drain();

        AssertActions(vip.Tick(5));
        Assert.Equal(VipPhase.Holding, vip.State.Phase);
        AssertActions(vip.Tick(1), new SetAnnouncement(Announcement.None, "drained: upgrade"));
        AssertActions(vip.Tick(5), new CountConnections(vip.Now + TimeSpan.FromSeconds(1)));
        vip.Tick(1);
        vip.Count(7, 0);
        AssertActions(vip.Tick(3), new CloseConnections(vip.State.PhaseSince + TimeSpan.FromSeconds(1)));
        AssertActions(
            vip.Tick(296), new CloseConnections(null), new CountConnections(null), new SetSelfProbe(false),
            new SetListener(false));
        AssertActions(vip.Tick(5), new SetAddress(false));
        Assert.Equal(VipStatus.Drained, Assert.Single(vip.Tick(5).OfType<VipStatusChanged>()).To);
    }

    [Fact]
    public void A_count_from_before_the_routers_have_followed_the_withdraw_means_nothing()
    {
        var vip = ToConnections();
        vip.Tick(1);

        AssertActions(vip.Take(new ConnectionsCounted(vip.Now - TimeSpan.FromTicks(1), 0, 0)));
        Assert.Equal(VipPhase.Connections, vip.State.Phase);
    }

    [Fact]
    public void Connections_that_were_silent_so_far_may_still_be_fed()
    {
        var vip = ToConnections();
        vip.Tick(1);

        AssertActions(vip.Count(0, 9));
        Assert.Equal(VipPhase.Connections, vip.State.Phase);
    }

    [Fact]
    public void A_fault_during_the_hold_withdraws_at_once_and_the_drain_goes_on()
    {
        var vip = Announced();
        vip.Drain();

        AssertActions(
            vip.See(facts => facts with { Pools = Pool(0) }),
            new SetAnnouncement(Announcement.None, "drained: upgrade"));
        Assert.Equal(VipPhase.Withdrawing, vip.State.Phase);
    }

    [Fact]
    public void A_VIP_that_is_not_announced_needs_no_withdraw()
    {
        var vip = Announced();
        vip.See(facts => facts with { Pools = Pool(0) });

        Assert.Equal(
            [new CountConnections(vip.Now + TimeSpan.FromSeconds(1))],
            vip.Drain().Where(action => action is not VipStatusChanged));
    }

    [Fact]
    public void Without_a_worse_path_the_drain_begins_with_the_withdraw()
    {
        var vip = Announced(Settings with { Drain = new() { Depreferences = false } });

        Assert.Equal(
            [new SetAnnouncement(Announcement.None, "drained: upgrade")],
            vip.Drain().Where(action => action is not VipStatusChanged));
    }

    [Fact]
    public void An_announce_only_VIP_keeps_its_address_for_the_stranded_bound()
    {
        var vip = new VipDriver(Settings with { HasListeners = false });
        vip.See(facts => facts with { Checks = [new("dns", CheckVerdict.Passing, "exit 0")], Address = Proven });
        vip.Drain();
        vip.Take(new RouteDelivered(Announcement.Draining));
        AssertActions(vip.Tick(1), new SetAnnouncement(Announcement.None, "drained: upgrade"));

        AssertActions(vip.Take(new RouteDelivered(Announcement.None)));
        AssertActions(vip.Tick(2.9));
        AssertActions(vip.Tick(0.1), new SetAddress(false));
    }

    [Fact]
    public void A_VIP_drained_before_its_gate_started_is_withdrawn_first_of_all()
    {
        var vip = new VipDriver(isDrained: true);

        Assert.Equal<VipAction>(
            [
                new SetAnnouncement(Announcement.None, "drained: upgrade"),
                new VipStatusChanged(
                    VipStatus.Unknown, VipStatus.Draining, "drained: upgrade; the withdraw is on its way to the peers"),
            ],
            vip.See(facts => facts with { Pools = Pool(4), Address = Proven, Listener = Proven, SelfProbe = Proven }));
    }

    [Fact]
    public void An_undrain_proves_everything_again_and_announces_once()
    {
        var vip = ToConnections();
        vip.Tick(1);
        vip.Count(0, 0);
        vip.See(facts => facts with { Listener = new(Proof.Broken, "closed"), SelfProbe = VipFacts.NotSeen });
        vip.See(facts => facts with { Address = new(Proof.Broken, "not on lo") });
        vip.Tick(60);

        AssertActions(
            vip.Undrain(), new SetAddress(true),
            new VipStatusChanged(VipStatus.Drained, VipStatus.Blocked, "not on lo"));
        AssertActions(vip.See(facts => facts with { Address = Proven }), new SetListener(true));
        AssertActions(
            vip.See(facts => facts with { Listener = Proven }), new SetSelfProbe(true),
            new VipStatusChanged(VipStatus.Blocked, VipStatus.Starting, "not seen yet"));
        AssertActions(
            vip.See(facts => facts with { SelfProbe = Proven }),
            new SetAnnouncement(Announcement.Normal, "pool web: 4 of 4 backends up"),
            new VipStatusChanged(VipStatus.Starting, VipStatus.Up, "pool web: 4 of 4 backends up"));
    }

    [Fact]
    public void An_undrain_in_the_middle_stops_the_count_and_keeps_the_dwell()
    {
        var vip = ToConnections();

        AssertActions(
            vip.Undrain(), new CountConnections(null),
            new VipStatusChanged(
                VipStatus.Draining, VipStatus.Damped, "pool web: 4 of 4 backends up; damped for another 10 s"));
        Assert.Equal(Announcement.Normal, Assert.Single(vip.Tick(10).OfType<SetAnnouncement>()).What);
    }

    [Fact]
    public void An_undrain_does_not_trust_what_is_still_on_its_way_down()
    {
        var vip = ToConnections();
        vip.Tick(1);
        vip.Count(0, 0);
        vip.Tick(5);
        Assert.Equal(VipPhase.Address, vip.State.Phase);
        vip.Now += TimeSpan.FromSeconds(60);

        AssertActions(
            vip.Undrain(), new SetAddress(true),
            new VipStatusChanged(VipStatus.Draining, VipStatus.Starting, "not seen yet"));
    }

    [Fact]
    public void A_repeated_order_replaces_reason_and_time_out()
    {
        var vip = ToConnections();
        vip.Tick(1);
        vip.Count(3, 0);
        vip.Tick(3);

        AssertActions(vip.Take(new VipDrainOrdered(true, "now", TimeSpan.FromSeconds(30))));
        Assert.Equal("drained: now; 3 connections are waited for, 0 are stranded", vip.State.Reason);
        AssertActions(vip.Tick(18));
        AssertActions(
            vip.Tick(1), new CloseConnections(null, new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(2.5))));
        AssertActions(vip.Tick(6));
        Assert.Equal(new CloseConnections(null), vip.Tick(1)[0]);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(12, 2, 1)]
    [InlineData(120, 20, 10)]
    [InlineData(300, 20, 10)]
    public void Connections_are_closed_gently_in_the_last_part_of_their_time(int timeout, double spread, double grace)
    {
        var window = ClosingWindow.Of(TimeSpan.FromSeconds(timeout));
        Assert.Equal((spread, grace), (window.Spread.TotalSeconds, window.Grace.TotalSeconds));
        Assert.True(window.Length <= TimeSpan.FromSeconds(timeout));
    }

    [Fact]
    public void The_chain_of_a_drained_VIP_breaks_at_the_drain()
    {
        var link = VipView.Explain(ToConnections().State, TimeSpan.Zero)[0];
        Assert.Equal((LinkStep.Drain, LinkResult.Broken, "drained: upgrade"), (link.Step, link.Result, link.Text));
    }

    private static VipDriver ToConnections()
    {
        var vip = Announced();
        vip.Drain();
        vip.Take(new RouteDelivered(Announcement.Draining));
        vip.Tick(1);
        vip.Take(new RouteDelivered(Announcement.None));
        Assert.Equal(VipPhase.Connections, vip.State.Phase);
        return vip;
    }

    private static void AssertActions(IReadOnlyList<VipAction> actual, params VipAction[] expected) =>
        Assert.Equal(expected, actual);
}

using AnycastVip.HealthGate.Api;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.HealthGate.Tests.Engine;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>What a drain or an undrain tells its caller at each step.</summary>
public sealed class DrainWatchTests
{
    private static readonly DrainTarget Node = new DrainTarget.Node();
    private static readonly DrainTarget Web = new DrainTarget.Vip("web");
    private static readonly DrainTarget Backend = new DrainTarget.Backend("web", "s1");

    private GateDriver _gate = GateDriver.Announced();

    [Fact]
    public void A_drain_is_told_from_its_first_phase_to_its_last()
    {
        _gate.Drain(Web);
        var told = Told(Web);
        Assert.Equal((DrainPhase.Depreferred, 0, 5), (told.Phase, told.PhaseSince.Seconds, told.PhaseEndsAt.Seconds));
        Assert.Equal("drained: upgrade; the worse path is on its way to the peers", told.Text);
        var peer = Assert.Single(told.Peers);
        Assert.Equal(("tor1", true), (peer.Peer, peer.Established));
        Assert.NotNull(peer.AcknowledgedAt);
        Assert.Equal(("web", VipState.Draining), (told.Vips.Single().Vip, told.Vips.Single().State));
        Assert.False(told.Connections.Exact);

        _gate.Count(fed: 2, stranded: 0, accepted: 10);
        _gate.Acknowledge();
        Assert.Equal((DrainPhase.Depreferred, 1), (Told(Web).Phase, Told(Web).PhaseEndsAt.Seconds));
        _gate.Tick(1);
        Assert.Equal((DrainPhase.Withdrawing, 1, 6),
            (Told(Web).Phase, Told(Web).PhaseSince.Seconds, Told(Web).PhaseEndsAt.Seconds));
        _gate.Acknowledge();
        Assert.Equal((DrainPhase.Connections, 301), (Told(Web).Phase, Told(Web).PhaseEndsAt.Seconds));
        Assert.Empty(Told(Web).Peers);
        Assert.False(Told(Web).Connections.Exact);

        _gate.Tick(1);
        _gate.Count(fed: 1, stranded: 3, accepted: 12);
        var count = Told(Web).Connections;
        Assert.Equal((true, 2), (count.Exact, count.CountedAt.Seconds));
        Assert.Equal((1U, 3U, 2UL, 2UL), (count.Fed, count.Stranded, count.NewTotal, count.NewLastSecond));

        _gate.Tick(0.25);
        _gate.Count(fed: 0, stranded: 0, accepted: 12);
        Assert.Equal(DrainPhase.Listeners, Told(Web).Phase);
        _gate.Take(new TableApplied(5, [], false));
        _gate.Take(new ListenersReported([]));
        Assert.Equal(DrainPhase.Addresses, Told(Web).Phase);
        _gate.Take(new AddressesSeen(2, []));
        told = Told(Web);
        Assert.Equal((DrainPhase.Done, null), (told.Phase, told.PhaseEndsAt));
        Assert.Equal(VipState.Drained, told.Vips.Single().State);
        Assert.True(DrainPhases.IsEnd(told.Phase));
    }

    [Fact]
    public void What_the_drain_closed_is_told_by_kind()
    {
        var vip = View.Vips[0] with { Connections = new(true, TimeSpan.Zero, 9, 8, 7, 6, 5, 4) };
        var backend = View.Backends[0];
        var told = new DrainWatch(Web, isUndrain: false).Progress(View with { Vips = [vip] }, Wall).Connections;
        Assert.Equal((5UL, 4UL), (told.ClosedFed, told.ClosedStranded));
        Assert.Null(backend.DrainConnections);
    }

    [Fact]
    public void An_undrain_is_told_until_the_peers_have_the_announcement()
    {
        Descend(Web);
        _gate.Now += TimeSpan.FromSeconds(30);
        _gate.Undrain();
        var told = ToldUndrain(Web);
        Assert.Equal((DrainPhase.Proving, null, null), (told.Phase, told.PhaseEndsAt, told.Connections));
        _gate.SeeAddresses();
        _gate.Apply();
        Assert.Equal(VipState.Starting, ToldUndrain(Web).Vips.Single().State);
        _gate.SeeProbes();
        Assert.Equal((DrainPhase.Announcing, 1), (ToldUndrain(Web).Phase, ToldUndrain(Web).Peers.Count));
        _gate.Acknowledge();
        Assert.Equal((DrainPhase.Done, "2 of 2 backends up"),
            (ToldUndrain(Web).Phase, ToldUndrain(Web).Text.Replace("pool web: ", "", Ordinal)));
    }

    [Fact]
    public void What_damping_holds_back_is_told_with_its_end()
    {
        Descend(Web);
        _gate.Undrain();
        _gate.SeeAll();
        var told = ToldUndrain(Web);
        Assert.Equal((DrainPhase.Proving, VipState.Damped), (told.Phase, told.Vips.Single().State));
        Assert.Equal(_gate["web"].State.DampedUntil!.Value.TotalSeconds, told.PhaseEndsAt.Seconds);
    }

    [Fact]
    public void An_undrain_of_a_VIP_that_the_node_keeps_drained_is_blocked_and_says_by_what()
    {
        var node = DrainSet.Empty.Drain(GateDriver.Order(Node));
        _gate.Take(new DrainsChanged(node.Drain(GateDriver.Order(Web)), null));
        _gate.Take(new DrainsChanged(node, null, "bob"));
        var told = ToldUndrain(Web);
        Assert.Equal((DrainPhase.Blocked, "it stays drained: the drain of node is in force"), (told.Phase, told.Text));
    }

    [Fact]
    public void An_undrain_of_a_sick_VIP_is_blocked_with_its_reason()
    {
        Descend(Web);
        _gate.Judge("backend web/s1", CheckVerdict.Failing);
        _gate.Judge("backend web/s2", CheckVerdict.Failing);
        _gate.Undrain();
        Assert.Equal((DrainPhase.Blocked, "pool web: 0 of 2 backends up, 1 wanted"),
            (ToldUndrain(Web).Phase, ToldUndrain(Web).Text));
    }

    [Fact]
    public void A_backend_is_told_with_its_connections_and_the_end_of_its_time()
    {
        _gate.Drain(Backend, TimeSpan.FromSeconds(8));
        Assert.Equal((DrainPhase.Connections, false), (Told(Backend).Phase, Told(Backend).Connections.Exact));
        Assert.Equal("drained: upgrade; connections are waited for", Told(Backend).Text);
        _gate.Tick(1);
        _gate.Take(new TableApplied(5, [], false));
        _gate.Count(fed: 3, stranded: 0);
        var told = Told(Backend);
        Assert.Equal(("drained: upgrade; 3 connections are waited for", 3U), (told.Text, told.Connections.Fed));
        Assert.Equal((0, 8), (told.PhaseSince.Seconds, told.PhaseEndsAt.Seconds));
        Assert.Empty(told.Vips);
        _gate.Tick(0.25);
        _gate.Count(fed: 0, stranded: 0);
        told = Told(Backend);
        Assert.Equal((DrainPhase.Done, null, "drained: upgrade; no connection is left"),
            (told.Phase, told.PhaseEndsAt, told.Text));
        _gate.Undrain();
        Assert.Equal(DrainPhase.Done, ToldUndrain(Backend).Phase);
    }

    [Fact]
    public void A_node_is_as_far_as_its_last_VIP()
    {
        _gate = GateDriver.Announced(GateDriver.Two with
        {
            Vips = [GateDriver.Vip("web", GateDriver.Address), GateDriver.Vip("api", "203.0.113.51")],
        });
        _gate.Drain(Node);
        Assert.Equal(
            "2 of 2 VIPs; web: drained: upgrade; the worse path is on its way to the peers", Told(Node).Text);
        var vips = View.Vips.ToList();
        vips[0] = vips[0] with { State = vips[0].State with { Phase = VipPhase.Drained } };
        var told = new DrainWatch(Node, isUndrain: false).Progress(View with { Vips = vips }, Wall);
        Assert.Equal(DrainPhase.Depreferred, told.Phase);
        Assert.StartsWith("1 of 2 VIPs; api: ", told.Text, Ordinal);
        Assert.Equal(["web", "api"], told.Vips.Select(vip => vip.Vip));
    }

    [Fact]
    public void Connections_of_another_daemon_are_counted_by_nobody()
    {
        var vip = View.Vips[0];
        var view = View with { Vips = [vip with { Options = vip.Options with { Listeners = [] } }] };
        Assert.Null(new DrainWatch(Web, isUndrain: false).Progress(view, Wall).Connections);
    }

    [Fact]
    public void A_VIP_that_leaves_is_drained_with_the_node_and_not_undrained_with_it()
    {
        var view = View with { Vips = [View.Vips[0] with { IsLeaving = true }] };
        Assert.Single(new DrainWatch(Node, isUndrain: false).Progress(view, Wall).Vips);
        var told = new DrainWatch(Node, isUndrain: true).Progress(view, Wall);
        Assert.Equal((DrainPhase.Done, "there is nothing to do"), (told.Phase, told.Text));
    }

    [Fact]
    public void An_order_that_is_taken_back_or_given_again_overtakes()
    {
        var (drain, undrain) = (new DrainWatch(Web, isUndrain: false), new DrainWatch(Web, isUndrain: true));
        Assert.Equal((true, false), (drain.IsOvertaken(View), undrain.IsOvertaken(View)));
        _gate.Drain(Web);
        Assert.Equal((false, true), (drain.IsOvertaken(View), undrain.IsOvertaken(View)));
        // The node's order is another one.
        _gate.Drain(Node);
        Assert.True(drain.IsOvertaken(View));
    }

    [Fact]
    public void An_order_that_could_not_be_saved_says_so()
    {
        _gate.Take(new DrainsChanged(DrainSet.Empty.Drain(GateDriver.Order(Web)), "disk full"));
        Assert.Equal("disk full", Told(Web).PersistError);
    }

    private static WallTime Wall => new(EpochClock.Instance);

    private GateView View => _gate.Engine.View(_gate.Now);

    private DrainProgress Told(DrainTarget target) => new DrainWatch(target, isUndrain: false).Progress(View, Wall);

    private DrainProgress ToldUndrain(DrainTarget target) =>
        new DrainWatch(target, isUndrain: true).Progress(View, Wall);

    private void Descend(DrainTarget target)
    {
        _gate.Drain(target);
        _gate.Acknowledge();
        _gate.Tick(1);
        _gate.Acknowledge();
        _gate.Tick(1);
        _gate.Count(0, 0);
        _gate.Take(new TableApplied(5, [], false));
        _gate.Take(new ListenersReported([]));
        _gate.Take(new AddressesSeen(2, []));
        Assert.Equal(VipStatus.Drained, _gate["web"].State.Status);
    }
}

using AnycastVip.HealthGate.Api;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.HealthGate.Tests.Engine;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>What a dry run says.</summary>
public sealed class DrainPlanTests
{
    private static readonly DrainTarget Node = new DrainTarget.Node();
    private static readonly DrainTarget Web = new DrainTarget.Vip("web");
    private static readonly DrainTarget Backend = new DrainTarget.Backend("web", "s1");

    private readonly GateDriver _gate = GateDriver.Announced();

    private GateView View => _gate.Engine.View(_gate.Now);

    [Fact]
    public void A_VIPs_drain_is_told_step_by_step_with_its_bounds() => Assert.Equal(
        [
            "vip web: announce 203.0.113.50/32 as a worse path, wait for the peers' acknowledgement, at most 5 s",
            "vip web: hold it for 1 s",
            "vip web: withdraw, wait for the peers' acknowledgement, at most 5 s",
            "vip web: close connections whose clients were moved away, after 3 s",
            "vip web: wait for connections that are still fed, at most 7.5 s; then close them",
            "vip web: close the listeners",
            "vip web: remove 203.0.113.50 from lo",
        ], DrainPlan.OfDrain(Node, TimeSpan.FromSeconds(7.5), View));

    [Fact]
    public void What_is_not_announced_need_not_be_withdrawn()
    {
        _gate.Judge("backend web/s1", CheckVerdict.Failing);
        _gate.Judge("backend web/s2", CheckVerdict.Failing);
        Assert.Equal(
        [
            "vip web: close connections whose clients were moved away, after 3 s",
            "vip web: wait for connections that are still fed, at most 300 s; then close them",
            "vip web: close the listeners",
            "vip web: remove 203.0.113.50 from lo",
        ], DrainPlan.OfDrain(Web, null, View));
    }

    [Fact]
    public void A_backends_drain_is_told_with_what_it_does_to_VIPs()
    {
        Assert.Equal(
        [
            "backend web/s1: the proxy gives it no new connections",
            "backend web/s1: wait for its connections to end",
        ], DrainPlan.OfDrain(Backend, null, View));
        _gate.Judge("backend web/s2", CheckVerdict.Failing);
        Assert.Equal(
        [
            "backend web/s1: the proxy gives it no new connections",
            "backend web/s1: wait for its connections to end, at most 60 s; then close them",
            "vip web: is withdrawn, because only 0 of 2 backends would be up and 1 are wanted",
        ], DrainPlan.OfDrain(Backend, TimeSpan.FromMinutes(1), View));
        // A VIP that is withdrawn already loses nothing by it.
        _gate.Drain(new DrainTarget.Vip("web"));
        _gate.Acknowledge();
        _gate.Tick(1);
        Assert.Equal(2, DrainPlan.OfDrain(Backend, null, View).Count());
    }

    [Fact]
    public void An_undrain_is_told_with_what_keeps_it_from_serving()
    {
        _gate.Drain(Web);
        Assert.Equal(
            ["vip web: address, listener, self-probe, then announce 203.0.113.50/32"], DrainPlan.OfUndrain(Web, View));
        _gate.Judge("backend web/s1", CheckVerdict.Failing);
        _gate.Judge("backend web/s2", CheckVerdict.Failing);
        Assert.EndsWith(
            "; waits for its health: pool web: 0 of 2 backends up, 1 wanted",
            Assert.Single(DrainPlan.OfUndrain(Web, View)), Ordinal);
        _gate.Take(new DrainsChanged(
            DrainSet.Empty.Drain(GateDriver.Order(Web)).Drain(GateDriver.Order(Node)), null));
        Assert.Equal(
            ["vip web: stays drained, for the drain of vip web is in force"], DrainPlan.OfUndrain(Node, View));
        Assert.Equal(["vip web: stays drained, for the drain of node is in force"], DrainPlan.OfUndrain(Web, View));
        Assert.Equal(
            ["backend web/s1: gets new connections as soon as it is up"], DrainPlan.OfUndrain(Backend, View));
    }
}

using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine;

/// <summary>Law 1: the planned order up and down, action by action.</summary>
public sealed class GateOrderTests
{
    private const string Prefix = GateDriver.Address + "/32";
    private const string Probe = "vip web " + GateDriver.Endpoint + " self-probe";

    [Fact]
    public void A_start_orders_checks_and_addresses_and_announces_nothing()
    {
        var gate = new GateDriver();
        Assert.Equal(
        [
            "start backend web/s1 http-ok at 127.0.0.1:8081",
            "start backend web/s2 http-ok at 127.0.0.1:8082",
            "addresses 1: 203.0.113.50",
        ], gate.Started);
        Assert.Equal([$"declare 1: web=Unknown {Prefix}"], gate.Take(new SpeakerConnected(true)));
        Assert.Equal(["table 1: s1=Down s2=Down"], gate.Take(new ProxyConnected(0)));
    }

    [Fact]
    public void A_VIP_goes_up_in_the_planned_order()
    {
        var gate = new GateDriver();
        gate.Take(new SpeakerConnected(false));
        gate.Take(new ProxyConnected(0));
        Assert.Equal(["table 2: s1=Up s2=Down"], gate.Judge("backend web/s1", CheckVerdict.Passing));
        Assert.Equal(["table 3: 203.0.113.50:80 s1=Up s2=Down"], gate.SeeAddresses());
        Assert.Empty(gate.Take(new TableApplied(3, [], false)));
        Assert.Equal([$"start {Probe} at {GateDriver.Endpoint} on lo"], gate.Report(isOpen: true));
        Assert.Equal([$"declare 2: web=Normal {Prefix}"], gate.SeeProbes());
        Assert.Empty(gate.Acknowledge());
        Assert.True(gate["web"].IsDelivered);
    }

    [Fact]
    public void A_drain_goes_down_in_the_reverse_order()
    {
        var gate = GateDriver.Announced();
        Assert.Equal([$"declare 3: web=Draining {Prefix}", "count web"], gate.Drain(new DrainTarget.Vip("web")));
        gate.Count(fed: 2, stranded: 0, accepted: 10);
        Assert.Empty(gate.Acknowledge());
        Assert.Equal([$"declare 4: web=None {Prefix}"], gate.Tick(1));
        Assert.Empty(gate.Acknowledge());
        Assert.Equal(["count web"], gate.Tick(1));
        Assert.Empty(gate.Count(fed: 1, stranded: 1, accepted: 12));
        Assert.Equal(["count web"], gate.Tick(0.25));
        Assert.Equal(
            ["count web", $"stop {Probe}", "table 5: s1=Up s2=Up"], gate.Count(fed: 0, stranded: 0, accepted: 12));
        Assert.Empty(gate.Take(new TableApplied(5, [], false)));
        gate.Count(0, 0, 12);
        Assert.Equal(["addresses 2:"], gate.Take(new ListenersReported([])));
        Assert.Empty(gate.Take(new AddressesSeen(2, [])));
        Assert.Equal(VipStatus.Drained, gate["web"].State.Status);
        Assert.Equal(2UL, gate["web"].Connections!.NewTotal);
        Assert.True(gate["web"].Connections!.IsExact);
    }

    [Fact]
    public void Connections_that_stay_are_closed_by_kind()
    {
        var gate = GateDriver.Announced();
        gate.Drain(new DrainTarget.Vip("web"), TimeSpan.FromSeconds(10));
        gate.Acknowledge();
        gate.Tick(1);
        gate.Acknowledge();
        gate.Tick(1);
        gate.Count(fed: 3, stranded: 2);
        Assert.Equal(["close web stranded", "count web"], gate.Tick(3));
        gate.Take(new ConnectionsClosedByProxy(Assert.IsType<CloseVipConnections>(
            gate.Last.Single(action => action is CloseVipConnections)).RequestId, 2));
        gate.Count(fed: 3, stranded: 0);
        Assert.Equal(
            ["close web all", "count web", $"stop {Probe}", "table 5: s1=Up s2=Up"], gate.Tick(6));
        gate.Take(new ConnectionsClosedByProxy(Assert.IsType<CloseVipConnections>(
            gate.Last.Single(action => action is CloseVipConnections)).RequestId, 3));
        var connections = gate["web"].Connections!;
        Assert.Equal((3UL, 2UL), (connections.ClosedFed, connections.ClosedStranded));
    }

    [Fact]
    public void A_fault_withdraws_and_leaves_listener_and_address()
    {
        var gate = GateDriver.Announced();
        Assert.Equal(["table 5: 203.0.113.50:80 s1=Down s2=Up"], gate.Judge("backend web/s1", CheckVerdict.Failing));
        Assert.Equal(
            [$"declare 3: web=None {Prefix}", "table 6: 203.0.113.50:80 s1=Down s2=Down"],
            gate.Judge("backend web/s2", CheckVerdict.Failing));
    }

    [Fact]
    public void An_announcement_follows_the_table_that_it_needs()
    {
        var gate = GateDriver.Announced();
        gate.Judge("backend web/s1", CheckVerdict.Failing);
        gate.Judge("backend web/s2", CheckVerdict.Failing);
        gate.Tick(20);
        Assert.Equal(["table 7: 203.0.113.50:80 s1=Up s2=Down"], gate.Judge("backend web/s1", CheckVerdict.Passing));
        Assert.Equal([$"declare 4: web=Normal {Prefix}"], gate.Tick(10));
    }

    [Fact]
    public void An_undrain_proves_everything_again()
    {
        var gate = GateDriver.Announced();
        gate.Drain(new DrainTarget.Node());
        gate.Acknowledge();
        gate.Tick(1);
        gate.Acknowledge();
        gate.Tick(1);
        gate.Count(0, 0);
        gate.Take(new TableApplied(5, [], false));
        gate.Take(new ListenersReported([]));
        gate.Take(new AddressesSeen(2, []));
        gate.Now += TimeSpan.FromSeconds(30);
        Assert.Equal(["addresses 3: 203.0.113.50"], gate.Undrain());
        Assert.Equal(["table 6: 203.0.113.50:80 s1=Up s2=Up"], gate.SeeAddresses());
        Assert.Equal([$"start {Probe} at {GateDriver.Endpoint} on lo"], gate.Apply());
        Assert.Equal([$"declare 5: web=Normal {Prefix}"], gate.SeeProbes());
        Assert.Null(gate["web"].Connections);
    }

    [Fact]
    public void An_announce_only_VIP_needs_neither_proxy_nor_probe()
    {
        var options = GateDriver.Two with { Pools = [], Vips = [GateDriver.Vip("dns", GateDriver.Address) with
        {
            Settings = new() { Name = "dns", HasListeners = false },
            Listeners = [],
            Checks = [new("dns-ok", new CheckKind.Tcp(53), new())],
        }] };
        var gate = new GateDriver(options);
        Assert.Equal(
            ["start vip dns dns-ok at 203.0.113.50:53 on lo", "addresses 1: 203.0.113.50"], gate.Started);
        gate.Take(new SpeakerConnected(false));
        gate.Take(new ProxyLost("not there"));
        gate.SeeAddresses();
        Assert.Equal([$"declare 2: dns=Normal {Prefix}"], gate.Judge("vip dns", CheckVerdict.Passing, "dns-ok"));
        Assert.Equal([$"declare 3: dns=None {Prefix}"], gate.Judge("vip dns", CheckVerdict.Stale, "dns-ok"));
    }
}

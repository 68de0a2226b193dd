using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine;

/// <summary>The faults of a node, by their numbers, as far as the engine answers for them.</summary>
public sealed class GateFaultTests
{
    private const string Prefix = GateDriver.Address + "/32";

    [Fact]
    public void A_gate_that_has_not_tried_yet_does_not_call_the_proxy_dead()
    {
        var gate = new GateDriver();
        gate.Take(new SpeakerConnected(true));
        gate.SeeAddresses();
        Assert.DoesNotContain(gate.Tick(2), line => line.Contains("None", StringComparison.Ordinal));
        Assert.Contains(
            gate.Take(new ProxyLost("nobody listens")),
            line => line.StartsWith("declare 2: web=None", StringComparison.Ordinal));
    }

    [Fact]
    public void Fault_8_after_a_suspend_health_is_proven_again_before_announcing()
    {
        var gate = GateDriver.Announced();
        gate.Now += TimeSpan.FromHours(1);
        gate.Judge("backend web/s1", CheckVerdict.Stale);
        gate.Judge("backend web/s2", CheckVerdict.Stale);
        Assert.Equal(Announcement.None, gate["web"].State.Announcement);
        gate.Judge("backend web/s1", CheckVerdict.Passing);
        Assert.Equal(VipStatus.Damped, gate["web"].State.Status);
        Assert.Equal([$"declare 4: web=Normal {Prefix}"], gate.Tick(10));
    }

    [Fact]
    public void Fault_9_a_flapping_backend_makes_one_transition_per_dwell()
    {
        var gate = GateDriver.Announced(GateDriver.Two with { Pools = [GateDriver.Pool("web", "s1")] });
        var transitions = 0;
        for (var second = 0; second < 60; second++)
        {
            gate.Tick(1);
            gate.Judge("backend web/s1", second % 2 == 0 ? CheckVerdict.Failing : CheckVerdict.Passing);
            transitions += gate.Last.OfType<Declare>().Count();
        }
        Assert.Equal(1, transitions);
        Assert.Equal(VipStatus.Damped, gate["web"].State.Status);
    }

    [Fact]
    public void Fault_10_all_backends_down_withdraws_with_a_reason()
    {
        var gate = GateDriver.Announced();
        gate.Judge("backend web/s1", CheckVerdict.Failing);
        gate.Judge("backend web/s2", CheckVerdict.Failing);
        var declared = Assert.Single(gate.Last.OfType<Declare>().Single().Declarations);
        Assert.Equal((Announcement.None, "pool web: 0 of 2 backends up, 1 wanted"), (declared.What, declared.Reason));
    }

    [Fact]
    public void Fault_23_a_proxy_that_cannot_accept_is_withdrawn_and_comes_back()
    {
        var gate = GateDriver.Announced();
        gate.Report(isOpen: false, "no file descriptor is left");
        var declared = Assert.Single(gate.Last.OfType<Declare>().Single().Declarations);
        Assert.Equal(Announcement.None, declared.What);
        Assert.Contains("no file descriptor is left", declared.Reason, StringComparison.Ordinal);
        gate.Report(isOpen: true);
        Assert.Contains($"web=Normal {Prefix}", string.Join(' ', gate.Tick(10)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_backup_neither_keeps_a_vip_announced_nor_is_missed_by_it()
    {
        var pool = GateDriver.Pool("web", "s1", "s2");
        var gate = GateDriver.Announced(GateDriver.Two with
        {
            Pools = [pool with { Backends = [pool.Backends[0], pool.Backends[1] with { IsBackup = true }] }],
        });
        gate.Judge("backend web/s2", CheckVerdict.Failing);
        Assert.Equal((VipStatus.Up, "pool web: 1 of 1 backends up"),
            (gate["web"].State.Status, gate["web"].State.Health.Reason));
        gate.Judge("backend web/s2", CheckVerdict.Passing);
        gate.Judge("backend web/s1", CheckVerdict.Failing);
        Assert.Equal(Announcement.None, gate["web"].State.Announcement);
        Assert.EndsWith("s1=Down s2=Up", ActionText.Of(gate.Last.OfType<SendTable>().Single()));
    }

    [Fact]
    public void Fault_10_one_refusal_finds_every_backend_of_a_dead_process()
    {
        var gate = GateDriver.Announced();
        ConnectFailed Refused(ulong generation) => new("web", "s1", generation, Observation.Refused);
        Assert.Empty(gate.Take(Refused(1000)));
        Assert.Equal(
            ["verify web/s1 generation 1001", "verify web/s2 generation 1001"], gate.Take(Refused(1001)));
        Assert.Empty(gate.Take(Refused(1001)));
        Assert.Equal(
        [
            "fail backend web/s1 http-ok epoch 1", "table 5: 203.0.113.50:80 s1=Down s2=Up",
        ], gate.Take(new BackendVerified("web", "s1", 1001, IsRefused: true)));
        Assert.Equal(
        [
            $"declare 3: web=None {Prefix}", "fail backend web/s2 http-ok epoch 1",
            "table 6: 203.0.113.50:80 s1=Down s2=Down",
        ], gate.Take(new BackendVerified("web", "s2", 1001, IsRefused: true)));
    }

    [Fact]
    public void A_reset_is_looked_at_too_and_a_time_out_only_hurries_the_check()
    {
        var gate = GateDriver.Announced();
        Assert.Equal(
        [
            "hurry backend web/s1 http-ok", "verify web/s1 generation 1001", "verify web/s2 generation 1001",
        ], gate.Take(new ConnectFailed("web", "s1", 1001, Observation.Reset)));
        Assert.Equal(
            ["hurry backend web/s1 http-ok"], gate.Take(new ConnectFailed("web", "s1", 1001, Observation.TimedOut)));
        gate.Take(new BackendVerified("web", "s1", 1001, IsRefused: false));
        Assert.True(gate["web"].State.IsAnnounced);
    }

    [Fact]
    public void Fault_12_a_gate_that_restarts_holds_and_then_repeats_what_was_announced()
    {
        var gate = new GateDriver(epoch: 2000);
        Assert.Equal([$"declare 1: web=Unknown {Prefix}"], gate.Take(new SpeakerConnected(true)));
        Assert.Empty(gate.Take(new ProxyConnected(7)));
        gate.Take(new ListenersReported([new(new(System.Net.IPAddress.Parse(GateDriver.Address), 80), true, "", 5)]));
        Assert.Equal(["start vip web 203.0.113.50:80 self-probe at 203.0.113.50:80 on lo"], gate.SeeAddresses());
        Assert.Empty(gate.Judge("backend web/s1", CheckVerdict.Passing));
        Assert.Equal([$"declare 2: web=Normal {Prefix}"], gate.SeeProbes());
        // Only now is every backend judged: nothing is closed, and no backend was taken down meanwhile.
        Assert.Equal(["table 1: 203.0.113.50:80 s1=Up s2=Up"], gate.Judge("backend web/s2", CheckVerdict.Passing));
        var table = gate.Last.OfType<SendTable>().Single();
        Assert.All(table.Pools.Single().Backends, backend => Assert.Equal(2001UL, backend.Generation));
        // What the kept table had open is not asked for again while the new one is on its way.
        Assert.Empty(gate.Take(new TableApplied(1, [], false)));
        Assert.Empty(gate.Report(isOpen: true));
    }

    [Fact]
    public void Fault_13_a_dead_proxy_withdraws_at_once_and_is_proven_anew()
    {
        var gate = GateDriver.Announced();
        Assert.Equal([$"declare 3: web=None {Prefix}"], gate.Take(new ProxyLost("the socket was closed")));
        Assert.Empty(gate.Take(new ProxyLost("connection refused")));
        Assert.Contains("the proxy is gone: connection refused", gate.Engine.Explain("web", gate.Now)!
            .Single(finding => finding.Result == ExplainResult.Broken).Text, StringComparison.Ordinal);
        gate.Now += TimeSpan.FromSeconds(20);
        Assert.Equal(
        [
            "start vip web 203.0.113.50:80 self-probe at 203.0.113.50:80 on lo",
            "table 5: 203.0.113.50:80 s1=Up s2=Up",
        ], gate.Take(new ProxyConnected(0)));
        gate.Apply();
        Assert.Empty(gate.Last);
        gate.SeeProbes();
        Assert.Equal([$"declare 4: web=Normal {Prefix}"], gate.Tick(10));
    }

    [Fact]
    public void A_proxy_that_is_replaced_in_order_withdraws_nothing_and_is_not_proven_anew()
    {
        var gate = GateDriver.Announced();
        Assert.Empty(gate.Take(new ProxyHandedOver()));
        Assert.Empty(gate.Tick(1));
        Assert.Equal(["table 5: 203.0.113.50:80 s1=Up s2=Up"], gate.Take(new ProxyConnected(4)));
        Assert.Empty(gate.Apply());
        Assert.Empty(gate.Tick(60));
        Assert.True(gate["web"].State.IsAnnounced);
        Assert.Equal([$"declare 3: web=None {Prefix}"], gate.Take(new ProxyLost("killed")));
    }

    [Fact]
    public void A_proxy_whose_successor_does_not_answer_is_gone_at_once()
    {
        var gate = GateDriver.Announced();
        gate.Take(new ProxyHandedOver());
        Assert.Equal([$"declare 3: web=None {Prefix}"], gate.Take(new ProxyLost("connection refused")));
        // Whoever comes then is proven anew, whatever it has kept.
        Assert.Contains(
            "start vip web 203.0.113.50:80 self-probe at 203.0.113.50:80 on lo", gate.Take(new ProxyConnected(4)));
    }

    [Fact]
    public void A_successor_without_a_table_is_no_successor()
    {
        var gate = GateDriver.Announced();
        gate.Take(new ProxyHandedOver());
        Assert.Contains($"declare 3: web=None {Prefix}", gate.Take(new ProxyConnected(0)));
    }

    [Fact]
    public void What_a_replaced_proxy_did_not_answer_is_asked_again_of_its_successor()
    {
        var gate = GateDriver.Announced();
        var asked = Assert.Single(
            gate.Drain(new DrainTarget.Vip("web")), line => line.StartsWith("count", Ordinal));
        gate.Take(new ProxyHandedOver());
        Assert.Contains(asked, gate.Take(new ProxyConnected(4)));
    }

    [Fact]
    public void Fault_15_a_drain_that_cannot_be_saved_acts_and_is_loud()
    {
        var gate = GateDriver.Announced();
        var drains = DrainSet.Empty.Drain(GateDriver.Order(new DrainTarget.Node()));
        gate.Take(new DrainsChanged(drains, "disk full"));
        gate.Take(new DrainsChanged(drains, "disk full"));
        Assert.Equal(Announcement.Draining, gate["web"].State.Announcement);
        Assert.Single(gate.Events, one => one is { Kind: EventKind.Fault, Severity: Severity.Error });
        Assert.Contains("the drains in force could not be saved: disk full", gate.Engine.View(gate.Now).Alarms);
        gate.Take(new DrainsChanged(drains, null));
        Assert.DoesNotContain(gate.Engine.View(gate.Now).Alarms, alarm => alarm.Contains("disk full", Ordinal));
    }

    [Fact]
    public void Fault_15_a_torn_file_means_drained_and_says_so()
    {
        var order = new DrainOrder(
            new DrainTarget.Node(), "drains.json is damaged", DrainOrder.ByItself, DateTimeOffset.UnixEpoch);
        var gate = new GateDriver(drains: DrainSet.Empty.Drain(order));
        Assert.Single(gate.Events, one => one is { Kind: EventKind.Fault, Severity: Severity.Error });
        Assert.DoesNotContain(gate.Started, line => line.StartsWith("addresses", Ordinal));
        Assert.Equal([$"declare 1: web=None {Prefix}"], gate.Take(new SpeakerConnected(true)));
    }

    [Fact]
    public void Fault_21_a_lost_address_withdraws_and_is_put_back_after_the_withdraw()
    {
        var gate = GateDriver.Announced();
        Assert.Equal([$"declare 3: web=None {Prefix}"], gate.SeeAddresses(AddressState.Missing, "removed by hand"));
        Assert.Contains(gate.Events, one => one is { Kind: EventKind.Address, Severity: Severity.Error });
        Assert.Equal(["addresses 2: 203.0.113.50"], gate.Acknowledge());
        Assert.Empty(gate.SeeAddresses(AddressState.Missing, "removed by hand"));
        Assert.Equal(["addresses 3: 203.0.113.50"], gate.Tick(1));
        gate.SeeAddresses();
        Assert.Equal([$"declare 4: web=Normal {Prefix}"], gate.Tick(10));
    }

    [Fact]
    public void Fault_21_a_taken_port_blocks_the_VIP_and_is_explained()
    {
        var gate = GateDriver.Announced();
        Assert.Equal([$"declare 3: web=None {Prefix}"], gate.Report(isOpen: false, "port taken by another process"));
        Assert.Equal(VipStatus.Blocked, gate["web"].State.Status);
        var broken = gate.Engine.Explain("web", gate.Now)!.First(one => one.Result == ExplainResult.Broken);
        Assert.Equal(ExplainStep.Listener, broken.Step);
        Assert.Contains("port taken by another process", broken.Text, StringComparison.Ordinal);
        Assert.Contains(gate.Engine.View(gate.Now).Alarms, alarm => alarm.Contains("port taken", Ordinal));
    }

    [Fact]
    public void Each_event_names_the_one_that_led_to_it()
    {
        var gate = GateDriver.Announced(GateDriver.Two with { Pools = [GateDriver.Pool("web", "s1")] });
        gate.Judge("backend web/s1", CheckVerdict.Failing);
        var chain = gate.Events.TakeLast(4).ToList();
        Assert.Equal(
            [EventKind.Check, EventKind.Backend, EventKind.Vip, EventKind.Announcement],
            chain.Select(one => one.Kind));
        Assert.Equal([0, chain[0].Id, chain[1].Id, chain[2].Id], chain.Select(one => one.CauseId));
        Assert.Equal(gate.Events.Count, (int)chain[3].Id);
        Assert.Equal(chain[1].Id, gate["web"].Cause);
    }
}

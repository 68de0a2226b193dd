using System.Net;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Api;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.HealthGate.Tests.Engine;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using BackendState = AnycastVip.Proto.V1.BackendState;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>Standings as messages, field by field where a field can lie.</summary>
public sealed class ViewMappingTests
{
    private const string Prefix = GateDriver.Address + "/32";

    private static readonly DrainTarget Backend = new DrainTarget.Backend("web", "s1");

    private readonly GateDriver _gate = GateDriver.Announced();

    private GateView View => _gate.Engine.View(_gate.Now);

    private static WallTime Wall => new(EpochClock.Instance);

    [Fact]
    public void Every_state_has_its_name()
    {
        foreach (var status in Enum.GetValues<VipStatus>())
            Assert.Equal($"{status}", $"{VipMapping.ToProto(status)}");
        foreach (var kind in Enum.GetValues<HealthGate.Engine.EventKind>())
        {
            var happened = new LoggedEvent(1, DateTimeOffset.UnixEpoch, Severity.Info, kind, "node", "", 0);
            Assert.Equal($"{kind}", $"{EventMapping.ToProto(happened).Kind}");
        }
        foreach (var severity in Enum.GetValues<Severity>())
        {
            Assert.Equal($"{severity}", $"{EventMapping.ToProto(severity)}");
            Assert.Equal(severity, EventMapping.FromProto(EventMapping.ToProto(severity)));
        }
        Assert.Equal(Severity.Info, EventMapping.FromProto(EventSeverity.Unspecified));
    }

    [Fact]
    public void An_event_keeps_its_id_time_and_cause()
    {
        var message = EventMapping.ToProto(new LoggedEvent(
            7, DateTimeOffset.UnixEpoch.AddSeconds(3), Severity.Warning, HealthGate.Engine.EventKind.Check,
            "backend web/s1", "HTTP 503", 5));
        Assert.Equal((7UL, 3L, 5UL, EventSeverity.Warning, "backend web/s1", "HTTP 503"), (
            message.Id, message.At.Seconds, message.CauseId, message.Severity, message.Subject, message.Text));
    }

    [Fact]
    public void A_VIP_shows_what_is_proven_of_each_address_and_port()
    {
        var vip = Vip();
        var address = Assert.Single(vip.Addresses);
        Assert.Equal((GateDriver.Address, true, false), (address.Address, address.Present, address.Foreign));
        var port = Assert.Single(address.Ports);
        Assert.Equal((80U, "web", true, true, ""), (port.Port, port.Pool, port.Listening, port.Proven, port.Reason));
        Assert.Equal((VipState.Up, 2U, 2U, 1U, null, null),
            (vip.State, vip.BackendsUp, vip.BackendsTotal, vip.BackendsWanted, vip.DampedUntil, vip.Drain));

        _gate.SeeAddresses(AddressState.Foreign, "somebody else configured it");
        address = Assert.Single(Vip().Addresses);
        Assert.Equal((false, true, "somebody else configured it"),
            (address.Present, address.Foreign, address.Ports[0].Reason));
    }

    [Fact]
    public void An_announce_only_VIP_has_addresses_without_ports()
    {
        var vip = View.Vips[0];
        var port = vip.Ports[0] with { Endpoint = new(IPAddress.Parse(GateDriver.Address), 0), Pool = "" };
        var address = Assert.Single(VipMapping.ToProto(vip with { Ports = [port] }, View, Wall).Addresses);
        Assert.True(address.Present);
        Assert.Empty(address.Ports);
    }

    [Fact]
    public void The_end_of_damping_is_shown_while_it_damps()
    {
        _gate.Judge("backend web/s1", CheckVerdict.Failing);
        _gate.Judge("backend web/s2", CheckVerdict.Failing);
        Assert.Null(Vip().DampedUntil);
        _gate.Tick(1);
        _gate.Judge("backend web/s1", CheckVerdict.Passing);
        Assert.Equal((VipState.Damped, 11L), (Vip().State, Vip().DampedUntil.Seconds));
    }

    [Fact]
    public void A_prefix_is_with_the_peers_that_acknowledged_it()
    {
        Assert.Equal("True 1/1 ", Told());
        _gate.Take(new DeliveryReported(2,
        [
            new("tor1", true, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch),
            new("tor2", true, DateTimeOffset.UnixEpoch, null),
            new("tor3", false, null, null),
        ]));
        Assert.Equal("True 1/3 not yet with tor2, tor3", Told());
        _gate.Take(new DeclarationJudged(2, [new(Prefix, "not in the allow-list")]));
        Assert.Equal("True 0/3 not in the allow-list", Told());
        _gate.Take(new DeclarationJudged(2, []));
        _gate.Judge("backend web/s1", CheckVerdict.Failing);
        _gate.Judge("backend web/s2", CheckVerdict.Failing);
        Assert.Equal("False 0/3 ", Told());

        string Told()
        {
            var prefix = Assert.Single(Vip().Prefixes);
            return $"{prefix.Announce} {prefix.PeersAdvertised}/{prefix.PeersTotal} {prefix.Reason}";
        }
    }

    [Fact]
    public void A_VIP_shows_the_drain_that_covers_it()
    {
        _gate.Drain(new DrainTarget.Node());
        var drain = Vip().Drain;
        Assert.Equal(
            (Proto.V1.DrainTarget.TargetOneofCase.Node, "upgrade", "alice", 0L, DrainPhase.Depreferred, ""),
            (drain.Target.TargetCase, drain.Reason, drain.OrderedBy, drain.OrderedAt.Seconds, drain.Phase,
                drain.PersistError));
    }

    [Fact]
    public void A_drain_that_is_not_saved_or_was_read_from_a_torn_file_says_so()
    {
        var (own, torn) = (GateDriver.Order(Backend), GateDriver.Order(new DrainTarget.Node()) with
        {
            OrderedBy = DrainOrder.ByItself, Reason = "drains.json is damaged",
        });
        _gate.Take(new DrainsChanged(DrainSet.Empty.Drain(own).Drain(torn), "disk full"));
        Assert.Equal("disk full", DrainMapping.ToProto(own, View).PersistError);
        Assert.Equal("drains.json is damaged", DrainMapping.ToProto(torn, View).PersistError);
    }

    [Fact]
    public void A_backend_shows_its_drain_its_state_and_what_the_proxy_counts()
    {
        Assert.Equal((BackendState.Up, 0U, null, 1001UL), (
            Told().State, Told().Connections, Told().ConnectLatencyP50, Told().Generation));
        _gate.Take(new BackendReported(
            "web", "s1", 4, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(20)));
        Assert.Equal((4U, 1_000_000, 20_000_000), (
            Told().Connections, Told().ConnectLatencyP50.Nanos, Told().ConnectLatencyP99.Nanos));

        _gate.Drain(Backend);
        Assert.Equal((BackendState.Draining, DrainPhase.Connections), (Told().State, Told().Drain.Phase));
        _gate.Take(new TableApplied(5, [], false));
        _gate.Count(0, 0);
        Assert.Equal((BackendState.Drained, DrainPhase.Done), (Told().State, Told().Drain.Phase));
        _gate.Judge("backend web/s1", CheckVerdict.Failing);
        Assert.Equal((BackendState.Down, "HTTP 503; drained: upgrade"), (Told().State, Told().Reason));

        // What a proxy that is gone said last says nothing now.
        _gate.Take(new ProxyLost("killed"));
        Assert.Equal((0U, null), (Told().Connections, Told().ConnectLatencyP99));

        Proto.V1.Backend Told() => BackendMapping.ToProto(View.Backends[0], View, Wall);
    }

    [Fact]
    public void A_check_shows_its_last_run()
    {
        var check = new CheckStanding(new("backend web/s1", "script"), new CheckKind.Exec("true", ""), new(), null);
        var told = CheckMapping.ToProto(check, Wall);
        Assert.Equal(("script", "exec", "backend web/s1", CheckState.Unknown, null, null),
            (told.Name, told.Type, told.Target, told.State, told.Last, told.NextAt));

        var state = new RiseFallState
        {
            Settings = new(),
            Since = TimeSpan.Zero,
            Verdict = CheckVerdict.Failing,
            StartedAt = TimeSpan.FromSeconds(3),
            NextRunAt = TimeSpan.FromSeconds(9),
            Last = new(CheckOutcome.Failed, TimeSpan.FromSeconds(2), "exit 2: lag", 2),
        };
        told = CheckMapping.ToProto(check with { State = state }, Wall);
        Assert.Equal((CheckState.Failing, 9L), (told.State, told.NextAt.Seconds));
        Assert.Equal((false, "exit 2: lag", 3L, 2L, true, 2), (
            told.Last.Passed, told.Last.Text, told.Last.StartedAt.Seconds, told.Last.Took.Seconds,
            told.Last.HasExitCode, told.Last.ExitCode));
        // The next run has begun: the start that is known is not that of the last result.
        Assert.Null(CheckMapping.ToProto(check with { State = state with { IsRunning = true } }, Wall).Last.StartedAt);
    }

    private Proto.V1.Vip Vip() => VipMapping.ToProto(View.Vips[0], View, Wall);
}

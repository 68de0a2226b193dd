using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine;

/// <summary>What a reload touches, and what a stop and shared prefixes do.</summary>
public sealed class GateReloadTests
{
    private const string Prefix = GateDriver.Address + "/32";

    [Fact]
    public void A_reload_without_a_change_touches_nothing()
    {
        var gate = GateDriver.Announced();
        Assert.Empty(gate.Take(new Reconfigured(GateDriver.Two)));
    }

    [Fact]
    public void A_changed_check_is_started_anew_and_withdraws_nothing()
    {
        var gate = GateDriver.Announced();
        gate.Take(new ConnectFailed("web", "s2", 1001, Observation.Refused));
        gate.Take(new BackendVerified("web", "s2", 1001, IsRefused: true));
        var slower = GateDriver.Check with { Settings = new() { Interval = TimeSpan.FromSeconds(2) } };
        var options = GateDriver.Two with { Pools = [GateDriver.Pool("web", "s1", "s2") with { Check = slower }] };
        Assert.Equal(
        [
            "start backend web/s1 http-ok at 127.0.0.1:8081", "start backend web/s2 http-ok at 127.0.0.1:8082",
        ], gate.Take(new Reconfigured(options)).Where(line => !line.StartsWith("table", Ordinal)));
        Assert.Empty(gate.Judge("backend web/s1", CheckVerdict.Unknown));
        Assert.Equal(Announcement.Normal, gate["web"].State.Announcement);
        // The new check counts its epochs from zero, the backend does not.
        Assert.Equal(["table 7: 203.0.113.50:80 s1=Up s2=Up"], gate.Judge("backend web/s2", CheckVerdict.Passing));
        Assert.Empty(gate.Take(new ConnectFailed("web", "s2", 1001, Observation.Refused)));
        gate.Take(new ConnectFailed("web", "s2", 1002, Observation.Refused));
        Assert.Contains(
            "fail backend web/s2 http-ok epoch 1", gate.Take(new BackendVerified("web", "s2", 1002, true)));
    }

    [Fact]
    public void A_pool_that_begins_to_send_the_PROXY_protocol_has_its_checks_send_it_too()
    {
        var gate = GateDriver.Announced();
        var pool = GateDriver.Pool("web", "s1", "s2") with { SendProxyProtocol = ProxyProtocol.Version2 };
        gate.Take(new Reconfigured(GateDriver.Two with { Pools = [pool] }));
        var orders = gate.Last.OfType<StartCheck>().ToList();
        Assert.Equal(2, orders.Count);
        Assert.All(orders, order => Assert.Equal(ProxyProtocol.Version2, order.ProxyProtocol));
        Assert.Equal(Announcement.Normal, gate["web"].State.Announcement);
    }

    [Fact]
    public void A_pool_that_only_a_route_leads_to_counts_for_the_VIP()
    {
        var sni = new SniOptions([new(["a.example"], [], "named")], ResetsOthers: false);
        var gate = GateDriver.Announced(GateDriver.Two with
        {
            Pools = [GateDriver.Pool("web", "s1"), GateDriver.Pool("named", "n1")],
            Vips = [GateDriver.Vip("web", GateDriver.Address) with { Listeners = [new(80, "web") { Sni = sni }] }],
        });
        gate.Judge("backend named/n1", CheckVerdict.Failing);
        Assert.Equal(Announcement.None, gate["web"].State.Announcement);
    }

    [Fact]
    public void A_backend_that_a_reload_adds_counts_once_it_is_judged()
    {
        var options = GateDriver.Two with
        {
            Vips = [GateDriver.Vip("web", GateDriver.Address) with
            {
                Settings = new() { Name = "web", MinHealthy = new(0, 100) },
            }],
        };
        var gate = GateDriver.Announced(options);
        gate.Take(new Reconfigured(options with { Pools = [GateDriver.Pool("web", "s1", "s2", "s3")] }));
        Assert.Equal(Announcement.Normal, gate["web"].State.Announcement);
        gate.Judge("backend web/s3", CheckVerdict.Failing);
        Assert.Equal(Announcement.None, gate["web"].State.Announcement);
    }

    [Fact]
    public void A_removed_VIP_is_drained_under_its_old_options_and_forgotten()
    {
        var gate = GateDriver.Announced();
        gate.Take(new Reconfigured(GateDriver.Two with { Vips = [], Pools = [] }));
        Assert.True(gate["web"].IsLeaving);
        Assert.Equal(Announcement.Draining, gate["web"].State.Announcement);
        Descend(gate);
        Assert.Empty(gate.Engine.View(gate.Now).Vips);
        Assert.Empty(gate.Engine.View(gate.Now).Backends);
        Assert.Empty(gate.Engine.View(gate.Now).Checks);
    }

    [Fact]
    public void A_VIP_that_lost_an_address_comes_back_under_the_new_options_after_its_drain()
    {
        var gate = GateDriver.Announced();
        gate.Take(new Reconfigured(GateDriver.Two with { Vips = [GateDriver.Vip("web", "203.0.113.51")] }));
        Assert.Contains("its addresses changed", gate["web"].State.DrainReason, StringComparison.Ordinal);
        var last = Descend(gate);
        Assert.Contains("addresses 3: 203.0.113.51", last);
        Assert.False(gate["web"].IsLeaving);
    }

    [Fact]
    public void An_address_waits_until_the_VIP_that_has_it_has_left()
    {
        var gate = GateDriver.Announced();
        gate.Take(new Reconfigured(GateDriver.Two with { Vips = [GateDriver.Vip("other", GateDriver.Address)] }));
        Assert.Equal("web", Assert.Single(gate.Engine.View(gate.Now).Vips).Options.Settings.Name);
        Descend(gate);
        Assert.Equal("other", Assert.Single(gate.Engine.View(gate.Now).Vips).Options.Settings.Name);
    }

    [Fact]
    public void A_configuration_put_back_ends_the_leaving()
    {
        var gate = GateDriver.Announced();
        gate.Take(new Reconfigured(GateDriver.Two with { Vips = [] }));
        gate.Tick(20);
        gate.Take(new Reconfigured(GateDriver.Two));
        Assert.False(gate["web"].IsLeaving);
        Assert.False(gate["web"].State.IsDrained);
    }

    [Fact]
    public void An_address_that_a_reload_adds_joins_once_it_is_proven()
    {
        var gate = GateDriver.Announced();
        var more = GateDriver.Two with { Vips = [GateDriver.Vip("web", GateDriver.Address, "203.0.113.51")] };
        Assert.Equal(["addresses 2: 203.0.113.50 203.0.113.51"], gate.Take(new Reconfigured(more)));
        Assert.Equal(["table 5: 203.0.113.50:80 203.0.113.51:80 s1=Up s2=Up"], gate.SeeAddresses());
        Assert.Equal(
            ["start vip web 203.0.113.51:80 self-probe at 203.0.113.51:80 on lo"], gate.Apply());
        Assert.Equal(
            [$"declare 3: web=Normal {Prefix}+203.0.113.51/32"],
            gate.Judge("vip web 203.0.113.51:80", CheckVerdict.Passing, CheckId.SelfProbe));
        Assert.Equal(
            [$"declare 4: web=None {Prefix}+203.0.113.51/32"],
            gate.Judge("vip web 203.0.113.51:80", CheckVerdict.Failing, CheckId.SelfProbe));
    }

    [Fact]
    public void A_stop_fits_its_bound()
    {
        var gate = GateDriver.Announced(GateDriver.Two with { StopTimeout = TimeSpan.FromSeconds(30) });
        Assert.False(gate.Engine.IsStopped);
        gate.Take(new StopRequested());
        Assert.Equal(TimeSpan.FromSeconds(30 - 5 - 1 - 5 - 5 - 5), gate["web"].State.ConnectionTimeout);
        // Nobody answers anything.
        while (!gate.Engine.IsStopped)
        {
            gate.Now = gate.Engine.NextDeadline!.Value;
            gate.Take(new GateTimersDue());
        }
        Assert.Equal(VipPhase.Drained, gate["web"].State.Phase);
        Assert.True(gate.Now <= TimeSpan.FromSeconds(30), $"{gate.Now}");
    }

    [Fact]
    public void A_stop_whose_time_is_over_withdraws_what_is_left()
    {
        var gate = GateDriver.Announced(GateDriver.Two with { StopTimeout = TimeSpan.FromSeconds(2) });
        gate.Take(new StopRequested());
        Assert.Equal([$"declare 4: web=None {Prefix}"], gate.Tick(2));
        Assert.True(gate.Engine.IsStopped);
    }

    [Theory]
    [InlineData(PrefixPolicy.Any, Announcement.Normal)]
    [InlineData(PrefixPolicy.All, Announcement.None)]
    public void A_shared_prefix_is_a_declaration_of_its_own(PrefixPolicy policy, Announcement expected)
    {
        VipOptions Sharing(string name, string address, string pool) => GateDriver.Vip(name, address) with
        {
            Prefixes = ["203.0.113.0/24"],
            PrefixPolicy = policy,
            Listeners = [new(80, pool)],
        };
        var gate = GateDriver.Announced(GateDriver.Two with
        {
            Pools = [GateDriver.Pool("web", "s1"), GateDriver.Pool("api", "s1")],
            Vips = [Sharing("web", GateDriver.Address, "web"), Sharing("api", "203.0.113.51", "api")],
        });
        gate.Judge("backend api/s1", CheckVerdict.Failing);
        var declared = Assert.Single(gate.Last.OfType<Declare>().Single().Declarations);
        Assert.Equal(("203.0.113.0/24", expected), (declared.Name, declared.What));
        Assert.Equal(expected, Assert.Single(gate["api"].Prefixes).What);
        Assert.Contains("api: pool api: 0 of 1", declared.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_not_declared_any_more_is_withdrawn_and_not_left_to_the_lease()
    {
        var gate = GateDriver.Announced();
        // From now on the prefix is shared, so that it has a declaration of its own.
        var second = GateDriver.Vip("api", "203.0.113.51") with { Prefixes = [Prefix] };
        var lines = gate.Take(new Reconfigured(GateDriver.Two with { Vips = [.. GateDriver.Two.Vips, second] }));
        Assert.Contains($"declare 3: {Prefix}=Normal {Prefix}, web=None", lines);
        Assert.Equal(
            [$"declare 4: {Prefix}=Normal {Prefix}"], gate.Take(new DeclarationJudged(3, [])));
    }

    [Fact]
    public void A_drained_backend_is_counted_from_when_the_proxy_knows_until_none_is_left()
    {
        var gate = GateDriver.Announced();
        Assert.Equal(
            ["table 5: 203.0.113.50:80 s1=Drain s2=Up"], gate.Drain(new DrainTarget.Backend("web", "s1")));
        Assert.Equal(["count web/s1"], gate.Take(new TableApplied(5, [], false)));
        gate.Count(fed: 1, stranded: 0);
        Assert.Equal(["count web/s1"], gate.Tick(0.25));
        gate.Count(fed: 0, stranded: 0);
        Assert.Empty(gate.Tick(1));
        var backend = gate.Engine.View(gate.Now).Backends[0];
        Assert.True(backend.DrainConnections is { IsExact: true, Fed: 0 });
    }

    [Fact]
    public void A_refused_prefix_is_shown_and_a_taken_one_no_longer()
    {
        var gate = GateDriver.Announced();
        gate.Take(new DeclarationJudged(2, [new(Prefix, "not in the allow-list")]));
        Assert.Equal(VipStatus.Blocked, gate["web"].State.Status);
        Assert.Equal("not in the allow-list", Assert.Single(gate["web"].Prefixes).Reason);
        gate.Take(new DeclarationJudged(2, []));
        Assert.Equal(VipStatus.Up, gate["web"].State.Status);
    }

    private static IReadOnlyList<string> Descend(GateDriver gate)
    {
        gate.Acknowledge();
        gate.Tick(1);
        gate.Acknowledge();
        gate.Tick(1);
        gate.Count(0, 0);
        gate.Apply();
        return gate.SeeAddresses();
    }
}

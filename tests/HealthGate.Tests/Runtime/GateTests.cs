using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.HealthGate.Tests.Checks;
using AnycastVip.HealthGate.Tests.Drain;
using AnycastVip.Proto.V1;
using Microsoft.Extensions.Logging.Abstractions;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Tests.Runtime;

/// <summary>The gate's shell around its real engine.</summary>
public sealed class GateTests : IAsyncDisposable
{
    private static readonly DrainTarget Web = new DrainTarget.Vip("web");

    private readonly GateRun _run = new();

    public ValueTask DisposeAsync() => _run.DisposeAsync();

    [Fact]
    public async Task A_proven_VIP_is_announced_and_withdrawn_on_a_refusal_that_the_proxy_sees()
    {
        await using var gate = await _run.StartAnnounced();
        Assert.True(_run.HoldsAddress);
        Assert.Equal("s1", Assert.Single(Assert.Single(_run.Proxy.Table!.Pools).Backends).Name);

        _run.StopBackend();
        await _run.Proxy.Say(new()
        {
            ConnectFailure = new()
            {
                Pool = "web",
                Backend = "s1",
                Generation = Assert.Single(gate.View().Backends).Generation,
                Kind = ConnectFailureKind.Refused,
            },
        });

        await _run.Wants("Withdraw");
        Assert.Contains(
            gate.Events.Read(new() { Subject = "backend web/s1" }).Events,
            happened => happened.Text.Contains("refused", Ordinal));
    }

    [Fact]
    public async Task Fault_8_a_wall_clock_that_jumps_by_an_hour_withdraws_nothing()
    {
        var clock = new JumpingClock(TimeProvider.System);
        await using var gate = await _run.StartAnnounced(clock: clock);
        foreach (var hours in (int[])[1, -2])
        {
            clock.Jump(TimeSpan.FromHours(hours));
            // Seen, withdrawn and put back in the order of ever: checks and links go on as before the jump.
            _run.Node.Ip($"addr del {GateRun.Address}/32 dev lo");
            await _run.Wants(hours > 0 ? ["Withdraw", "Announce"] : ["Withdraw", "Announce", "Withdraw", "Announce"]);
        }

        _run.StopBackend();

        await _run.Wants("Withdraw", "Announce", "Withdraw", "Announce", "Withdraw");
    }

    [Fact]
    public async Task An_address_that_is_removed_by_hand_is_seen_withdrawn_and_put_back()
    {
        await using var gate = await _run.StartAnnounced();

        _run.Node.Ip($"addr del {GateRun.Address}/32 dev lo");

        await _run.Wants("Withdraw", "Announce");
        Assert.True(_run.HoldsAddress);
    }

    [Fact]
    public async Task A_drain_is_in_force_when_it_is_answered_and_outlives_the_gate()
    {
        var order = new DrainOrder(Web, "upgrade", "ada", TimeProvider.System.GetUtcNow());
        await using (var gate = await _run.StartAnnounced())
        {
            Assert.Null(await gate.DrainAsync(order));

            Assert.Equal(order, Assert.Single(gate.View().Drains.Orders));
            await _run.Wants("Announce graceful-shutdown", "Withdraw");
        }
        await using var next = await _run.StartAlone(_run.Options, TimeProvider.System);
        Assert.Equal("upgrade", Assert.Single(next.View().Drains.Orders).Reason);

        Assert.Null(await next.UndrainAsync(Web, "grace"));

        Assert.Empty(next.View().Drains.Orders);
        Assert.Equal(0UL, next.Events.Read(new()).Lost);
        Assert.Equal(
            "undrained by grace; it was drained by ada: upgrade",
            next.Events.Read(new() { Subject = "vip web" }).Events
                .Last(one => one.Kind == HealthGate.Engine.EventKind.Drain).Text);
    }

    [Fact]
    public async Task A_drain_on_a_full_disk_is_in_force_and_saved_once_there_is_room()
    {
        var clock = new FakeClock();
        using var disk = TinyDisk.Mount(_run.State);
        await using (var gate = await _run.StartAlone(new() { NodeName = "edge" }, clock))
        {
            disk.Fill();
            var order = new DrainOrder(new DrainTarget.Node(), new string('x', 255), "ada", clock.GetUtcNow());

            Assert.NotNull(await gate.DrainAsync(order));

            Assert.Single(gate.View().Drains.Orders);
            await Until(gate, view => view.DrainPersistError is not null, "the fault is shown");
            disk.Free();
            await Until(
                gate,
                view =>
                {
                    clock.Advance(TimeSpan.FromSeconds(1));
                    return view.DrainPersistError is null;
                },
                "it is saved");
        }
        using var store = await DrainStore.OpenAsync(_run.State, TimeProvider.System);
        Assert.Single(store.Current.Orders);
    }

    [Fact]
    public async Task A_stop_drains_every_VIP_and_takes_the_addresses_away()
    {
        await using var gate = await _run.StartAnnounced();

        await gate.StopAsync().WaitAsync(GateRun.Patience, TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Equal("Announce, Announce graceful-shutdown, Withdraw", _run.Wanted);
        Assert.False(_run.HoldsAddress);
        Assert.True(gate.Completion.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_gate_that_leaves_withdraws_nothing()
    {
        await using var gate = await _run.StartAnnounced();

        // It has waited until the speaker had read everything.
        await gate.LeaveAsync();

        Assert.Equal("Announce", _run.Wanted);
        Assert.True(_run.HoldsAddress);
    }

    [Fact]
    public async Task A_reload_that_removes_the_VIP_drains_it()
    {
        await using var gate = await _run.StartAnnounced();

        await gate.ReconfigureAsync(_run.Options with { Vips = [], Pools = [] });

        await _run.Wants("Announce graceful-shutdown", "Withdraw");
        await Until(gate, view => view.Vips.Count == 0, "the VIP is gone");
        Assert.False(_run.HoldsAddress);
    }

    [Fact]
    public async Task Watchers_are_woken_by_a_change_and_views_are_made_once_for_each()
    {
        await using var gate = await _run.StartAlone(new() { NodeName = "edge" }, new FakeClock());
        // Both links have failed twice and wait; nothing changes any more.
        await Poll.Until(
            () => gate.Version, version => version >= 5, GateRun.Patience, "the gate has started");
        var (version, view) = (gate.Version, gate.View());
        Assert.Same(view, gate.View());
        var changed = gate.ChangedAfter(version);
        Assert.False(changed.IsCompleted);

        await gate.UndrainAsync(Web, "ada");

        await changed;
        Assert.True(gate.ChangedAfter(version).IsCompleted);
        Assert.NotSame(view, gate.View());
        Assert.Null(gate.Explain("nothing"));
    }

    [Fact]
    public async Task A_part_that_ends_by_itself_ends_the_gate_with_a_failure()
    {
        var keeper = _run.OpenKeeper();
        await using var gate = await Gate.StartAsync(
            new() { NodeName = "edge" },
            new()
            {
                ProxySocket = "/nonexistent/proxy.sock",
                SpeakerSocket = "/nonexistent/speaker.sock",
                StateDirectory = _run.State,
                Clock = TimeProvider.System,
            },
            keeper,
            NullLoggerFactory.Instance);

        await keeper.DisposeAsync();

        await Poll.Until(() => gate.Completion.IsFaulted, isSo => isSo, GateRun.Patience, "the gate has failed");
        await Assert.ThrowsAsync<InvalidOperationException>(() => gate.UndrainAsync(Web, "ada"));
    }

    [Fact]
    public async Task A_state_directory_that_is_missing_is_refused_with_its_remedy()
    {
        Directory.Delete(_run.State);
        try
        {
            var error = await Assert.ThrowsAsync<StateDirectoryException>(
                () => _run.StartAlone(_run.Options, TimeProvider.System));
            Assert.Contains("mkdir -p", error.Message, Ordinal);
        }
        finally
        {
            Directory.CreateDirectory(_run.State);
        }
    }

    private static Task<GateView> Until(Gate gate, Func<GateView, bool> isSo, string description) =>
        Poll.Until(gate.View, isSo, GateRun.Patience, description);
}

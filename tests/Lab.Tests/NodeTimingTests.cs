using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>
/// How fast a node is out, measured at the router's kernel beside the router's own floor: a plain withdraw, in the same
/// run.
/// </summary>
public sealed class NodeTimingTests(TwoNodeLab lab, ITestOutputHelper output) : NodeScenario(lab)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Fault_12_a_gate_that_restarts_within_its_lease_sends_no_UPDATE()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WaitNextHopsAsync(VipIPv6, Node1);
        var updates = await UpdatesSentAsync(one);
        using var monitor = await RouteMonitor.StartAsync(Router);
        using var load = await Traffic.LoadAsync(Client, VipIPv4, 50);
        var killed = await one.SignalAsync("gate", "KILL");

        await Poll.Until(
            async () => (await one.VipctlAsync("vips", "web", "-o", "json")).Output,
            text => text.Contains("VIP_STATE_UP", StringComparison.Ordinal),
            Timeout,
            "the next gate has proven the VIP");
        await Poll.Until(
            () => TimeProvider.System.GetUtcNow() - killed, age => age > Lease * 1.5, Timeout, "the old lease is over");

        Assert.Equal(updates, await UpdatesSentAsync(one));
        Assert.Empty(monitor.Changes(VipIPv4, killed));
        Assert.All(await load.StopLoadAsync(), request => Assert.True(request.IsOk, request.Error));
    }

    [Fact]
    public async Task Fault_12_a_gate_that_dies_for_good_is_withdrawn_when_its_lease_ends_and_not_before()
    {
        await using var one = await StartApartAsync();
        using var monitor = await RouteMonitor.StartAsync(Router);
        var floor = await FloorAsync(one, monitor);

        var killed = await one.SignalAsync("gate", "KILL");

        var taken = await monitor.DeletedAsync(VipIPv4, killed) - killed;
        output.WriteLine(
            $"route gone {taken.TotalMilliseconds:0} ms after the gate died, floor {floor.TotalMilliseconds:0} ms");
        Assert.InRange(taken, Lease, Lease + floor + TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public async Task Fault_12_a_gate_that_hangs_is_withdrawn_when_its_lease_ends()
    {
        await using var one = await StartApartAsync();
        using var monitor = await RouteMonitor.StartAsync(Router);

        var stopped = await one.SignalAsync("gate", "STOP");

        var taken = await monitor.DeletedAsync(VipIPv4, stopped) - stopped;
        output.WriteLine($"route gone {taken.TotalMilliseconds:0} ms after the gate hung");
        // The lease counts from the last heartbeat, which is up to one interval older.
        Assert.InRange(taken, Lease - TimeSpan.FromSeconds(1.1), Lease + TimeSpan.FromMilliseconds(500));
    }

    [Fact]
    public async Task Fault_13_a_killed_proxy_is_withdrawn_within_100_ms_and_a_hung_one_within_a_second()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        using var monitor = await RouteMonitor.StartAsync(Router);
        var floor = await FloorAsync(one, monitor);

        var killed = await one.SignalAsync("proxy", "KILL");
        var afterKill = await monitor.DeletedAsync(VipIPv4, killed) - killed;
        await WaitNextHopsAsync(VipIPv4, Node1);
        var hung = await one.SignalAsync("proxy", "STOP");
        var afterHang = await monitor.DeletedAsync(VipIPv4, hung) - hung;
        await one.SignalAsync("proxy", "CONT");

        output.WriteLine($"route gone {afterKill.TotalMilliseconds:0} ms after the proxy was killed, "
            + $"{afterHang.TotalMilliseconds:0} ms after it hung; floor {floor.TotalMilliseconds:0} ms");
        Assert.True(afterKill < floor + TimeSpan.FromMilliseconds(100), $"{afterKill}");
        Assert.True(afterHang < floor + TimeSpan.FromSeconds(1), $"{afterHang}");
        await WaitNextHopsAsync(VipIPv4, Node1);
    }

    [Fact]
    public async Task A_withdraw_for_a_fault_is_in_the_kernel_at_the_routers_own_pace()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        using var monitor = await RouteMonitor.StartAsync(Router);
        List<TimeSpan> floors = [], taken = [];
        for (var trial = 0; trial < 3; trial++)
        {
            floors.Add(await FloorAsync(one, monitor));
            var before = TimeProvider.System.GetUtcNow();
            await one.KillBackendAsync("s1");
            await one.KillBackendAsync("s2");
            var gone = await monitor.DeletedAsync(VipIPv4, before);
            taken.Add(gone - await WithdrawnAtAsync(one));
            await one.StartBackendAsync("s1");
            await one.StartBackendAsync("s2");
            await WaitNextHopsAsync(VipIPv4, Node1);
        }

        var (floor, fault) = (floors.Order().ElementAt(1), taken.Order().ElementAt(1));
        output.WriteLine(
            $"medians of three: kernel route gone {fault.TotalMilliseconds:0.0} ms after the gate's withdraw, "
            + $"floor {floor.TotalMilliseconds:0.0} ms");
        Assert.True(fault < floor + TimeSpan.FromMilliseconds(20), $"{fault}, floor {floor}");
    }

    // When the gate decided, which is before the UPDATE was written.
    private static async Task<DateTimeOffset> WithdrawnAtAsync(RunningNode node)
    {
        var events = (await node.VipctlAsync("events", "--subject", "vip web", "-o", "json")).Succeeded().ToJson();
        var withdrawn = events["events"]!.AsArray()
            .Last(happened => ((string)happened!["text"]!).StartsWith("withdrawn", StringComparison.Ordinal))!;
        return DateTimeOffset.Parse(
            (string)withdrawn["at"]!, System.Globalization.CultureInfo.InvariantCulture);
    }

    // What the router needs for a withdraw that nothing else delays, from the moment it was written.
    private async Task<TimeSpan> FloorAsync(RunningNode node, RouteMonitor monitor)
    {
        var before = TimeProvider.System.GetUtcNow();
        var withdraw = (await node.VipctlAsync("emergency", "withdraw", "--reason", "floor", "-o", "json")).Succeeded();
        var written = DateTimeOffset.Parse(
            (string)withdraw.ToJson()["peers"]![0]!["writtenAt"]!, System.Globalization.CultureInfo.InvariantCulture);
        var floor = await monitor.DeletedAsync(VipIPv4, before) - written;
        (await node.VipctlAsync("emergency", "lift")).Succeeded();
        await WaitNextHopsAsync(VipIPv4, node.Node);
        return floor;
    }

    // Without the supervisor, which would start the gate again.
    private async Task<RunningNode> StartApartAsync()
    {
        var one = await RunningNode.CreateAsync(Node1, Node1.Configuration());
        await one.StartBackendAsync("s1");
        foreach (var process in new[] { "speaker", "proxy", "gate" })
            await one.StartAsync(process);
        await WaitNextHopsAsync(VipIPv4, Node1);
        return one;
    }
}

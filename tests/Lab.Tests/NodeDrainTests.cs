using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>Drains on real traffic: clients, the router's kernel and both nodes as witnesses.</summary>
public sealed class NodeDrainTests(TwoNodeLab lab, ITestOutputHelper output) : NodeScenario(lab)
{
    private const int Rate = 300;

    // What the client's clock and the kernel's time stamp of the route may differ by.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(5);

    [Fact]
    public async Task A_drain_and_an_undrain_move_the_next_hops_once_each_and_fail_nobody_at_any_other_time()
    {
        await using var one = await Node1.StartAsync();
        await using var two = await Node2.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1, Node2);
        using var monitor = await RouteMonitor.StartAsync(Router);
        var start = TimeProvider.System.GetUtcNow();
        using var load = await Traffic.LoadAsync(Client, VipIPv4, Rate);
        await MoreRequestsAsync(load);

        var drain = (await one.VipctlAsync("drain", "node", "--reason", "kernel upgrade")).Succeeded();
        await MoreRequestsAsync(load);
        await WaitNextHopsAsync(VipIPv4, Node2);
        var drained = TimeProvider.System.GetUtcNow();
        var undrain = (await one.VipctlAsync("undrain", "node")).Succeeded();
        await WaitNextHopsAsync(VipIPv4, Node1, Node2);
        await MoreRequestsAsync(load);
        var requests = await load.StopLoadAsync();

        output.WriteLine(drain.Output);
        output.WriteLine(undrain.Output);
        var changes = monitor.Changes(VipIPv4, start);
        output.WriteLine(string.Join('\n', changes));
        Assert.Single(changes, change => change.At <= drained);
        Assert.Single(changes, change => change.At > drained);
        var failed = requests.Where(request => !request.IsOk).ToList();
        output.WriteLine($"{requests.Count} requests, {failed.Count} failed; "
            + string.Join(", ", requests.CountBy(request => request.By)));
        Assert.All(failed, request => Assert.Contains(
            changes, change => request.Start - Slack <= change.At && change.At <= request.End + Slack));
    }

    [Fact]
    public async Task A_drain_tells_fed_stranded_and_new_connections_apart_and_is_not_wrong_about_zero()
    {
        await using var one = await Node1.StartAsync(Node1.Configuration(
            "    drain: {strandedAfter: 2s, connectionTimeout: 6s}\n"));
        await WaitNextHopsAsync(VipIPv4, Node1);
        await one.WaitBackendAsync("UP", "s1");
        await one.WaitBackendAsync("UP", "s2");
        // With one node there is nowhere to move to: the route goes, and these clients are cut off.
        using var held = await Traffic.HoldAsync(Client, VipIPv4, 8);
        await Poll.Until(
            async () => $"{(await one.VipctlAsync("backends", "-o", "json")).ToJson()}",
            text => text.Contains("\"connections\": 4", StringComparison.Ordinal),
            Timeout,
            "both backends hold their share of the connections");

        var drain = (await one.VipctlAsync("drain", "vip", "web", "-o", "jsonl")).Succeeded();

        output.WriteLine(drain.Output);
        await WaitNextHopsAsync(VipIPv4);
        Assert.Contains("\"stranded\": 8", drain.Output, StringComparison.Ordinal);
        Assert.Empty(await one.Node.Run("ip", "-br", "address", "show", "to", VipIPv4));
        Assert.Equal(8, (await held.StopAsync()).Count(line => (string)line["error"]! != "stopped"));
    }

    [Fact]
    public async Task A_drained_backend_gets_no_new_connection_and_keeps_those_that_it_has()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        using var held = await Traffic.HoldAsync(Client, VipIPv4, 2);
        await Poll.Until(() => held.Lines.Count, count => count == 0, Timeout, "connections are held");

        var drain = await one.VipctlAsync(
            "drain", "backend", "web/s1", "--reason", "disk", "--wait-timeout", "3s");
        using var load = await Traffic.LoadAsync(Client, VipIPv4, Rate);
        await MoreRequestsAsync(load);
        var requests = await load.StopLoadAsync();

        output.WriteLine(drain.Output);
        Assert.All(requests, request => Assert.Equal("s2", request.By));
        Assert.All(requests, request => Assert.True(request.IsOk, request.Error));
        Assert.Empty(held.Lines);
        (await one.VipctlAsync("undrain", "backend", "web/s1")).Succeeded();
    }

    private static async Task MoreRequestsAsync(Traffic load)
    {
        var before = load.Lines.Count;
        await Poll.Until(() => load.Lines.Count, count => count > before + Rate, Timeout, "a second of requests");
    }
}

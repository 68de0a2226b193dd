using System.Globalization;
using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>A node's proxy is replaced by another process; router and clients are the witnesses.</summary>
public sealed class NodeReplacementTests(TwoNodeLab lab, ITestOutputHelper output) : NodeScenario(lab)
{
    [Fact]
    public async Task Three_replacements_under_load_fail_no_request_cut_no_connection_and_move_no_route()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WaitNextHopsAsync(VipIPv6, Node1);
        using var monitor = await RouteMonitor.StartAsync(Router);
        using var held = await Traffic.HoldAsync(Client, VipIPv4, 10);
        using var load = await Traffic.LoadAsync(Client, VipIPv4, 200);
        using var load6 = await Traffic.LoadAsync(Client, VipIPv6, 200);
        var started = TimeProvider.System.GetUtcNow();
        var updates = await UpdatesSentAsync(one);
        // Ids within the node.
        var first = await ProcessAsync(one);
        var process = first;

        for (var replacement = 0; replacement < 3; replacement++)
        {
            var replaced = (await one.VipctlAsync("proxy", "replace", "-o", "json")).Succeeded().ToJson();
            var next = (int)replaced["pid"]!;
            Assert.NotEqual(process, next);
            process = next;
            var before = load.Lines.Count;
            await Poll.Until(() => load.Lines.Count, count => count > before + 400, Timeout, "the load goes on");
        }
        // The first one lives for the connections that are held, and goes with them.
        var left = (await one.VipctlAsync("proxy", "show", "-o", "json")).Succeeded().ToJson()["replaced"]!.AsArray();
        Assert.Equal((first, 10), ((int)left[0]!["pid"]!, (int)left[0]!["connections"]!));
        Assert.All(await held.StopAsync(), line => Assert.Equal("stopped", (string)line["error"]!));
        await Poll.Until(() => one.CountOf("proxy"), count => count == 1, Timeout, "only the last process is left");

        var requests = (await load.StopLoadAsync()).Concat(await load6.StopLoadAsync()).ToList();
        output.WriteLine($"{requests.Count} requests, {requests.Count(request => !request.IsOk)} failed");
        Assert.All(requests, request => Assert.True(request.IsOk, request.Error));
        Assert.Empty(monitor.Changes(VipIPv4, started));
        Assert.Empty(monitor.Changes(VipIPv6, started));
        Assert.Equal(updates, await UpdatesSentAsync(one));
    }

    [Fact]
    public async Task A_successor_that_is_killed_withdraws_as_any_dead_proxy_and_the_next_one_announces_again()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        using var held = await Traffic.HoldAsync(Client, VipIPv4, 5);
        await Poll.Until(() => ConnectionsAsync(one), count => count >= 5, Timeout, "connections are there");
        using var monitor = await RouteMonitor.StartAsync(Router);
        var replaced = (await one.VipctlAsync("proxy", "replace", "-o", "json")).Succeeded().ToJson();
        var second = (int)replaced["pid"]!;

        var killed = TimeProvider.System.GetUtcNow();
        await Node1.Run("kill", "-s", "KILL", second.ToString(CultureInfo.InvariantCulture));

        output.WriteLine($"route gone {(await monitor.DeletedAsync(VipIPv4, killed) - killed).TotalMilliseconds:0} ms");
        await one.WaitVipAsync("UP");
        // What the first one carries is counted by the third one, which never spoke with it.
        var show = (await one.VipctlAsync("proxy", "show", "-o", "json")).Succeeded().ToJson();
        Assert.Equal(Left(replaced), Left(show));
        await WaitNextHopsAsync(VipIPv4, Node1);
    }

    private static int Left(JsonNode show) => (int)Assert.Single(show["replaced"]!.AsArray())!["connections"]!;

    private static async Task<int> ProcessAsync(RunningNode node) =>
        (int)(await node.VipctlAsync("proxy", "show", "-o", "json")).Succeeded().ToJson()["pid"]!;

    private static async Task<int> ConnectionsAsync(RunningNode node) =>
        (int)(await node.VipctlAsync("proxy", "show", "-o", "json")).Succeeded().ToJson()["connections"]!;
}

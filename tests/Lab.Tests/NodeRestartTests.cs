using System.Globalization;
using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>A node's speaker restarts gracefully, with FRR as helper; kernel and clients are the witnesses.</summary>
public sealed class NodeRestartTests(TwoNodeLab lab, ITestOutputHelper output) : NodeScenario(lab)
{
    [Theory]
    [InlineData("KILL", false)]
    [InlineData("QUIT", false)]
    [InlineData("KILL", true)]
    [InlineData("QUIT", true)]
    public async Task Fault_1b_a_speaker_that_is_killed_or_replaced_moves_no_route_and_fails_no_request(
        string signal, bool withBfd)
    {
        await using var bfd = withBfd
            ? await RouterBfd.StartAsync(Router, transmit: 50, receive: 50, Node1.IPv4, Node1.IPv6)
            : null;
        const string bfdKey = "bfd: {transmitInterval: 50ms, receiveInterval: 50ms}, ";
        await using var one = await StartAsync("15s", withBfd ? bfdKey : "");
        foreach (var node in withBfd ? [Node1.IPv4, Node1.IPv6] : Array.Empty<string>())
            await bfd!.WaitUpAsync(node);
        using var monitor = await RouteMonitor.StartAsync(Router);
        using var load = await Traffic.LoadAsync(Client, VipIPv4, 100);
        var before = one.PidOf("speaker")!.Value;

        var sent = await one.SignalAsync("speaker", signal);
        await Poll.Until(
            () => one.PidOf("speaker"), pid => pid is not null && pid != before, Timeout, "it is started again");
        await WaitEndOfRibAsync(Node1.IPv4, "ipv4Unicast");
        await WaitEndOfRibAsync(Node1.IPv6, "ipv6Unicast");

        var taken = TimeProvider.System.GetUtcNow() - sent;
        output.WriteLine($"sessions, routes and End-of-RIB are back {taken.TotalSeconds:0.0} s after SIG{signal}");
        Assert.False(await IsStaleAsync("ipv4", VipIPv4));
        Assert.False(await IsStaleAsync("ipv6", VipIPv6));
        Assert.Empty(monitor.Changes(VipIPv4, sent));
        Assert.Empty(monitor.Changes(VipIPv6, sent));
        var age = await RouteAgeAsync(VipIPv4);
        Assert.True(age >= TimeSpan.FromSeconds(Math.Floor(taken.TotalSeconds)), $"the route's age is {age}");
        Assert.All(await load.StopLoadAsync(), request => Assert.True(request.IsOk, request.Error));
        await WithdrawAsync(one);
    }

    [Fact]
    public async Task Fault_1b_a_speaker_killed_together_with_its_backends_is_gone_within_the_restart_time()
    {
        var restartTime = TimeSpan.FromSeconds(15);
        await using var one = await StartAsync("15s");
        using var monitor = await RouteMonitor.StartAsync(Router);

        var killed = await one.SignalAsync("speaker", "KILL");
        await one.KillBackendAsync("s1");
        await one.KillBackendAsync("s2");

        foreach (var vip in new[] { VipIPv4, VipIPv6 })
        {
            var taken = await monitor.DeletedAsync(vip, killed) - killed;
            output.WriteLine($"{vip} gone {taken.TotalSeconds:0.0} s after the speaker");
            Assert.True(taken < restartTime, $"{vip}: {taken}");
        }
    }

    [Fact]
    public async Task Fault_1b_a_node_that_does_not_come_back_is_gone_after_the_restart_time()
    {
        await using var one = await StartAsync("3s");
        using var monitor = await RouteMonitor.StartAsync(Router);

        var killed = await one.SignalAsync("run", "KILL");

        var taken = await monitor.DeletedAsync(VipIPv4, killed) - killed;
        output.WriteLine($"route gone {taken.TotalSeconds:0.0} s after the node");
        Assert.InRange(taken, TimeSpan.FromSeconds(2.9), TimeSpan.FromSeconds(4.5));
    }

    [Fact]
    public async Task An_orderly_stop_withdraws_at_once_in_spite_of_graceful_restart()
    {
        await using var one = await StartAsync("15s");
        using var monitor = await RouteMonitor.StartAsync(Router);

        var sent = await one.SignalAsync("speaker", "TERM");

        var taken = await monitor.DeletedAsync(VipIPv4, sent) - sent;
        output.WriteLine($"route gone {taken.TotalMilliseconds:0} ms after SIGTERM");
        Assert.True(taken < TimeSpan.FromSeconds(1), $"{taken}");
        await Poll.Until(() => one.PidOf("speaker"), pid => pid is not null, Timeout, "it is started again");
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WithdrawAsync(one);
    }

    private async Task<RunningNode> StartAsync(string restartTime, string peerKeys = "")
    {
        // What a node of before left stale would be taken for this one's.
        await WaitNextHopsAsync(VipIPv4);
        await WaitNextHopsAsync(VipIPv6);
        var configuration = Node1.Configuration().Replace(
            "holdTime: 9s",
            $$"""holdTime: 9s, {{peerKeys}}gracefulRestart: {restartTime: {{restartTime}}}""",
            StringComparison.Ordinal);
        var one = await Node1.StartAsync(configuration);
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WaitNextHopsAsync(VipIPv6, Node1);
        return one;
    }

    // The node's end is a SIGKILL: nothing may be left that the router would keep for the next test.
    private async Task WithdrawAsync(RunningNode one)
    {
        (await one.VipctlAsync("drain", "node", "--direct", "--reason", "the test ends")).Succeeded();
        await WaitNextHopsAsync(VipIPv4);
        await WaitNextHopsAsync(VipIPv6);
    }

    // R tells the session after the restart from the one before it.
    private Task<string> WaitEndOfRibAsync(string peer, string family) => Poll.Until(
        async () => $"{(await Router.VtyshJson($"show bgp neighbors {peer}"))[peer]!["gracefulRestartInfo"]}",
        shown => JsonNode.Parse(shown) is { } info
            && (bool?)info["rBit"] == true && (bool?)info["endOfRibRecv"]?[family] == true,
        Timeout,
        $"the router has seen the restart of {peer} and its End-of-RIB");

    private async Task<bool> IsStaleAsync(string family, string vip)
    {
        var path = (await Router.VtyshJson($"show bgp {family} unicast {vip}"))["paths"]![0]!;
        return path["stale"] is { } stale && (bool)stale;
    }

    private async Task<TimeSpan> RouteAgeAsync(string vip)
    {
        JsonNode routes = await Router.VtyshJson($"show ip route {vip}");
        return TimeSpan.Parse((string)routes[$"{vip}/32"]![0]!["uptime"]!, CultureInfo.InvariantCulture);
    }
}

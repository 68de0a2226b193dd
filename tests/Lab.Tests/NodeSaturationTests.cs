using System.Globalization;
using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>A node while client, proxy and backends take every core for a minute; ten with VIP_SOAK=1.</summary>
public sealed class NodeSaturationTests(TwoNodeLab lab, ITestOutputHelper output) : NodeScenario(lab)
{
    private static readonly TimeSpan Span =
        Environment.GetEnvironmentVariable("VIP_SOAK") == "1" ? TimeSpan.FromMinutes(10) : TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Fault_7_a_session_with_a_hold_time_of_3_s_outlives_a_saturated_proxy()
    {
        // The checks wait longer, or they would take the load away with the VIP.
        await using var one = await Node1.StartAsync(Node1.Configuration()
            .Replace("holdTime: 9s", "holdTime: 3s", StringComparison.Ordinal)
            .Replace("timeout: 500ms", "timeout: 5s", StringComparison.Ordinal));
        await one.ReplaceBackendsByNginxAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WaitNextHopsAsync(VipIPv6, Node1);
        var (nodeBefore, routerBefore) = (await NotificationsOfNodeAsync(one), await NotificationsOfRouterAsync());
        var proxyBefore = ProcessorTime(one);

        var load = await Client.Run(
            "wrk", "--threads", "2", "--connections", "256", "--timeout", "5s", "--duration",
            $"{Span.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s", $"http://{VipIPv4}/");

        var share = (ProcessorTime(one) - proxyBefore) / Span;
        output.WriteLine($"the proxy took {share:P0} of a core\n{load}");
        Assert.True(share > 0.3, $"the proxy was not busy: {share:P0} of a core\n{load}");
        Assert.All(await PeersAsync(one), peer =>
        {
            Assert.Equal("PEER_STATE_ESTABLISHED", (string)peer["state"]!);
            Assert.Equal("3s", (string)peer["session"]!["holdTime"]!);
            Assert.Equal(0, Count(peer["flaps"]));
        });
        Assert.Equal(nodeBefore, await NotificationsOfNodeAsync(one));
        Assert.Equal(routerBefore, await NotificationsOfRouterAsync());
    }

    private static TimeSpan ProcessorTime(RunningNode node)
    {
        using var proxy = System.Diagnostics.Process.GetProcessById(node.PidOf("proxy")!.Value);
        return proxy.TotalProcessorTime;
    }

    private static async Task<IEnumerable<JsonNode>> PeersAsync(RunningNode node) =>
        (await node.VipctlAsync("peers", "-o", "json")).Succeeded().ToJson()["peers"]!.AsArray().Select(peer => peer!);

    // Sent and received over both sessions, as each side counts them: who ends a session says so by one. Collisions at
    // the start are over by then.
    private static async Task<(int Sent, int Received)> NotificationsOfNodeAsync(RunningNode node)
    {
        var peers = (await PeersAsync(node)).ToList();
        return (peers.Sum(peer => Count(peer["sent"]?["notification"])),
            peers.Sum(peer => Count(peer["received"]?["notification"])));
    }

    private async Task<(int Sent, int Received)> NotificationsOfRouterAsync()
    {
        var (sent, received) = (0, 0);
        foreach (var address in new[] { Node1.IPv4, Node1.IPv6 })
        {
            var neighbor = (await Router.VtyshJson($"show bgp neighbors {address}"))[address]!;
            sent += (int)neighbor["messageStats"]!["notificationsSent"]!;
            received += (int)neighbor["messageStats"]!["notificationsRecv"]!;
        }
        return (sent, received);
    }

    // JSON of protobuf leaves zero out, and writes 64 bits as text.
    private static int Count(JsonNode? number) => int.Parse((string?)number ?? "0", CultureInfo.InvariantCulture);
}

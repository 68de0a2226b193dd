using System.Globalization;
using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>
/// A node while client, proxy, backends and busy loops take every core for a minute; ten with VIP_SOAK=1.
/// </summary>
public sealed class NodeSaturationTests(TwoNodeLab lab, ITestOutputHelper output) : NodeScenario(lab)
{
    private static readonly TimeSpan Span =
        Environment.GetEnvironmentVariable("VIP_SOAK") == "1" ? TimeSpan.FromMinutes(10) : TimeSpan.FromMinutes(1);

    private const string Fast = "bfd: {transmitInterval: 50ms, receiveInterval: 50ms}";
    private const string BusyLoop = "while :; do :; done";

    [Fact]
    public async Task Fault_7_a_hold_time_of_3_s_and_BFD_of_3_times_50_ms_outlive_saturated_cores()
    {
        await using var bfd = await RouterBfd.StartAsync(
            Router, transmit: 50, receive: 50, Node1.IPv4, Node1.IPv6);
        await bfd.RunFirstAsync();
        // The checks wait longer, or they would take the load away with the VIP.
        await using var one = await Node1.StartAsync(Node1.Configuration()
            .Replace("holdTime: 9s", $"holdTime: 3s, {Fast}", StringComparison.Ordinal)
            .Replace("timeout: 500ms", "timeout: 5s", StringComparison.Ordinal));
        await one.ReplaceBackendsByNginxAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WaitNextHopsAsync(VipIPv6, Node1);
        await bfd.WaitUpAsync(Node1.IPv4);
        await bfd.WaitUpAsync(Node1.IPv6);
        var downsBefore = (await bfd.DownsAsync(Node1.IPv4), await bfd.DownsAsync(Node1.IPv6));
        var (nodeBefore, routerBefore) = (await NotificationsOfNodeAsync(one), await NotificationsOfRouterAsync());
        var proxyBefore = ProcessorTime(one);

        using var firstLoop = await Client.StartProcess("sh", "-c", BusyLoop);
        using var secondLoop = await Client.StartProcess("sh", "-c", BusyLoop);
        var load = await Client.Run(
            "wrk", "--threads", "2", "--connections", "256", "--timeout", "5s", "--duration",
            $"{Span.TotalSeconds.ToString(CultureInfo.InvariantCulture)}s", $"http://{VipIPv4}/");

        var share = (ProcessorTime(one) - proxyBefore) / Span;
        output.WriteLine($"the proxy took {share:P0} of a core\n{load}");
        Assert.True(share > 0.3, $"the proxy was not busy: {share:P0} of a core\n{load}");
        Assert.All(await PeersAsync(one), peer =>
        {
            Assert.Equal(("PEER_STATE_ESTABLISHED", 0), ((string)peer["state"]!, Count(peer["flaps"])));
            Assert.Equal("3s", (string)peer["session"]!["holdTime"]!);
            var session = peer["bfd"]!;
            output.WriteLine($"BFD: {session["packetsSent"]} packets, late {session["lateness"]!.ToJsonString()}");
            Assert.Equal("0.150s", (string)session["detectionTime"]!);
            Assert.Equal(("BFD_STATE_UP", 0), ((string)session["state"]!, Count(session["downs"])));
        });
        Assert.Equal(downsBefore, (await bfd.DownsAsync(Node1.IPv4), await bfd.DownsAsync(Node1.IPv6)));
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

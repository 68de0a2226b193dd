using System.Globalization;
using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>BFD with FRR's bfdd, and what it does to the BGP session on both sides.</summary>
public sealed class SpeakerBfdTests(OneRouterLab lab, ITestOutputHelper output) : SpeakerScenario(lab)
{
    private const string Routes = $$"""[{"prefix": "{{VipIPv4}}"}]""";
    private const string Fast = "bfd: {transmitInterval: 50ms, receiveInterval: 50ms}";

    private static readonly TimeSpan DetectionTime = TimeSpan.FromMilliseconds(150);

    [Theory]
    [InlineData(RouterIPv4, NodeIPv4, "transmitInterval: 50ms, receiveInterval: 50ms")]
    [InlineData(RouterIPv6, NodeIPv6, "transmitInterval: 50ms, receiveInterval: 50ms")]
    [InlineData(RouterIPv4, NodeIPv4, "transmitInterval: 50ms, receiveInterval: 50ms, strict: true")]
    public async Task BFD_with_FRR_is_Up_on_both_sides_with_the_greater_intervals(
        string router, string node, string timers)
    {
        await using var bfd = await RouterBfd.StartAsync(Router, transmit: 100, receive: 60, node);
        using var speaker = await StartEstablishedAsync(Peer(router, $"bfd: {{{timers}}}"), node);

        var ours = await WaitBfdAsync(speaker, "UP");
        var theirs = await bfd.WaitUpAsync(node);

        await Poll.Until(
            () => BfdAsync(speaker),
            seen => ((string)seen["transmitInterval"]!, (string)seen["detectionTime"]!) == ("0.060s", "0.300s"),
            Timeout,
            "both sides have settled on their intervals");
        Assert.Equal((uint)ours["localDiscriminator"]!, (uint)theirs["remote-id"]!);
        Assert.Equal(0, Count(ours["packetsDiscarded"]));
        Assert.Equal(timers.Contains("strict", StringComparison.Ordinal), (bool?)ours["strict"] ?? false);
    }

    [Fact]
    public async Task Multihop_BFD_follows_a_multihop_session()
    {
        await Router.Configure("router bgp 65100", $"neighbor {NodeIPv4} ebgp-multihop 2");
        await using var bfd = await RouterBfd.StartAsync(Router, transmit: 50, receive: 50, NodeIPv4);
        try
        {
            using var speaker = await StartEstablishedAsync(Peer(RouterIPv4, $"ttl: 2, {Fast}"));

            var ours = await WaitBfdAsync(speaker, "UP");
            var theirs = await bfd.WaitUpAsync(NodeIPv4);

            Assert.True((bool)ours["multihop"]!);
            Assert.True((bool)theirs["multihop"]!);
        }
        finally
        {
            await Router.Configure("router bgp 65100", $"no neighbor {NodeIPv4} ebgp-multihop");
        }
    }

    [Fact]
    public async Task Fault_3_a_link_that_is_cut_without_a_reset_ends_the_session_within_the_detection_time()
    {
        await using var bfd = await RouterBfd.StartAsync(Router, transmit: 50, receive: 50, NodeIPv4);
        using var monitor = await RouteMonitor.StartAsync(Router);
        using var speaker = await StartEstablishedAsync(Peer(RouterIPv4, Fast));
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(Routes);
        await WaitRoutedAsync(VipIPv4);
        var withdrawn = At((await lease.WithdrawAsync())["progress"]!["peers"]![0]!["writtenAt"]!);
        var floor = await monitor.DeletedAsync(VipIPv4, withdrawn) - withdrawn;
        await lease.AnnounceAsync(Routes);
        await WaitRoutedAsync(VipIPv4);
        await WaitBfdAsync(speaker, "UP");
        await bfd.WaitUpAsync(NodeIPv4);

        var cut = await CutAsync();
        try
        {
            var taken = await monitor.DeletedAsync(VipIPv4, cut) - cut;
            var peer = await Poll.Until(
                () => ForeignClient.PeerAsync(speaker, "tor1"),
                peer => (string)peer["state"]! != "PEER_STATE_ESTABLISHED",
                Timeout,
                "the speaker gives the session up");

            var ended = At(peer["lastSent"]!["at"]!) - cut;
            output.WriteLine($"after the cut the router's kernel route was gone in {taken.TotalMilliseconds:0.0} ms "
                + $"(floor {floor.TotalMilliseconds:0.0} ms), our session in {ended.TotalMilliseconds:0.0} ms; "
                + $"detection time {DetectionTime.TotalMilliseconds} ms");
            Assert.EndsWith("BFD Down", (string)peer["lastSent"]!["text"]!, StringComparison.Ordinal);
            Assert.True(taken < DetectionTime + floor + TimeSpan.FromMilliseconds(50), $"{taken}, floor {floor}");
            Assert.True(ended < DetectionTime + TimeSpan.FromMilliseconds(50), $"{ended}");
        }
        finally
        {
            await MendAsync();
        }

        await Router.WaitEstablished(NodeIPv4, Timeout);
        await WaitRoutedAsync(VipIPv4);
    }

    [Fact]
    public async Task An_operator_who_shuts_BFD_down_at_the_router_ends_no_session()
    {
        await using var bfd = await RouterBfd.StartAsync(Router, transmit: 50, receive: 50, NodeIPv4);
        using var speaker = await StartEstablishedAsync(Peer(RouterIPv4, Fast));
        await WaitBfdAsync(speaker, "UP");

        await Router.Configure("bfd", "profile test", "shutdown");

        var seen = await WaitBfdAsync(speaker, "DOWN");
        Assert.Equal("BFD_STATE_ADMIN_DOWN", (string)seen["remoteState"]!);
        var peer = await ForeignClient.PeerAsync(speaker, "tor1");
        Assert.Equal("PEER_STATE_ESTABLISHED", (string)peer["state"]!);
        Assert.Equal(0, Count(peer["sent"]?["notification"]));
    }

    [Fact]
    public async Task Timers_that_are_reloaded_are_polled_for_and_a_stop_says_AdminDown()
    {
        await using var bfd = await RouterBfd.StartAsync(Router, transmit: 50, receive: 50, NodeIPv4);
        using var speaker = await StartEstablishedAsync(Peer(RouterIPv4, Fast));
        await WaitBfdAsync(speaker, "UP");
        await bfd.WaitUpAsync(NodeIPv4);

        var text = await File.ReadAllTextAsync(speaker.ConfigurationFile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            speaker.ConfigurationFile,
            text.Replace("receiveInterval: 50ms", "receiveInterval: 200ms", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        await speaker.Signal("HUP");

        await Poll.Until(
            () => BfdAsync(speaker), seen => (string?)seen["detectionTime"] == "0.600s", Timeout, "the Poll is over");
        Assert.Equal(0, Count((await BfdAsync(speaker))["downs"]));
        Assert.Equal(0, await bfd.DownsAsync(NodeIPv4));
        Assert.Equal(0, await speaker.Terminate());
        var left = await bfd.SessionAsync(NodeIPv4);
        Assert.Equal("neighbor-signaled-session-down", ((string?)left!["diagnostic"])?.Replace(' ', '-'));
    }

    private static string Peer(string router, string options) =>
        $$"""  - {name: tor1, address: "{{router}}", asn: 65100, families: [ipv4, ipv6], {{options}}}""";

    private static async Task<JsonNode> BfdAsync(RunningSpeaker speaker) =>
        (await ForeignClient.PeerAsync(speaker, "tor1"))["bfd"]!;

    private static Task<JsonNode> WaitBfdAsync(RunningSpeaker speaker, string state) => Poll.Until(
        () => BfdAsync(speaker),
        bfd => (string)bfd["state"]! == $"BFD_STATE_{state}",
        Timeout,
        $"BFD with tor1 is {state}");

    // Both ends stop hearing the other: nobody's socket fails, no carrier is lost. The router is deaf first.
    private async Task<DateTimeOffset> CutAsync()
    {
        const string deaf = "nft 'add table inet cut; add chain inet cut in { type filter hook input priority 0; "
            + "policy drop; }' && date --utc +%FT%T.%NZ";
        var routerDeaf = Router.Run("sh", "-c", deaf);
        var nodeDeaf = Node.Run("sh", "-c", deaf);
        await nodeDeaf;
        return DateTimeOffset.Parse(await routerDeaf, CultureInfo.InvariantCulture);
    }

    private async Task MendAsync()
    {
        await Router.Run("nft", "delete", "table", "inet", "cut");
        await Node.Run("nft", "delete", "table", "inet", "cut");
    }

    private static DateTimeOffset At(JsonNode time) =>
        DateTimeOffset.Parse((string)time!, CultureInfo.InvariantCulture);

    // JSON of protobuf leaves zero out, and writes 64 bits as text.
    private static int Count(JsonNode? number) => int.Parse((string?)number ?? "0", CultureInfo.InvariantCulture);
}

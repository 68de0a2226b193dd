using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;
using static AnycastVip.Lab.Tests.SpeakerScenario;

namespace AnycastVip.Lab.Tests;

/// <summary>The speaker beside BIRD, feature by feature.</summary>
public sealed class BirdTests(ForeignRouterLab lab)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Sessions_with_MD5_come_up_over_both_families()
    {
        using var secrets = new TemporaryDirectory();
        var file = await secrets.WriteSecretAsync("correct-horse");
        await using var bird = await lab.StartBirdAsync(new() { Session = """password "correct-horse";""" });
        using var speaker = await lab.Node.StartSpeaker(Configuration(BothPeers($"passwordFile: {file}")));

        await bird.WaitEstablished(NodeIPv4);
        await bird.WaitEstablished(NodeIPv6);
    }

    [Fact]
    public async Task Sessions_with_GTSM_come_up_over_both_families()
    {
        await using var bird = await lab.StartBirdAsync(new() { Session = "ttl security on;" });
        using var speaker = await lab.Node.StartSpeaker(Configuration(BothPeers("ttlSecurityHops: 1")));

        await bird.WaitEstablished(NodeIPv4);
        await bird.WaitEstablished(NodeIPv6);
    }

    [Fact]
    public async Task Every_attribute_arrives_as_it_was_asked_for_and_the_route_reaches_the_kernel()
    {
        await using var bird = await lab.StartBirdAsync();
        using var speaker = await StartEstablishedAsync(bird);
        using var lease = await ForeignLease.OpenAsync(speaker);

        await lease.AnnounceAsync($$"""
            [{"prefix": "{{VipIPv4}}", "attributes": {"med": 77, "asPathPrepend": 2,
              "communities": ["65001:100", "no-export"], "largeCommunities": ["65001:1:2"],
              "extendedCommunities": ["rt:65001:100"]} },
             {"prefix": "{{VipIPv6}}"}]
            """);

        await bird.WaitRoute(VipIPv4, present: true);
        var route = await bird.Birdc($"show route all {VipIPv4}");
        Assert.Equal("IGP", BirdRouter.Value(route, "BGP.origin"));
        Assert.Equal("65001 65001 65001", BirdRouter.Value(route, "BGP.as_path"));
        Assert.Equal(NodeIPv4, BirdRouter.Value(route, "BGP.next_hop"));
        Assert.Equal("77", BirdRouter.Value(route, "BGP.med"));
        Assert.Equal("(65001,100) (65535,65281)", BirdRouter.Value(route, "BGP.community"));
        Assert.Equal("(65001, 1, 2)", BirdRouter.Value(route, "BGP.large_community"));
        Assert.Equal("(rt, 65001, 100)", BirdRouter.Value(route, "BGP.ext_community"));
        Assert.Equal("100", BirdRouter.Value(route, "BGP.local_pref"));
        await WaitGatewayAsync(bird, VipIPv4, NodeIPv4);
        await WaitGatewayAsync(bird, VipIPv6, NodeIPv6);
    }

    [Fact]
    public async Task Graceful_shutdown_is_seen_and_acted_on()
    {
        await using var bird = await lab.StartBirdAsync();
        using var speaker = await StartEstablishedAsync(bird);
        using var lease = await ForeignLease.OpenAsync(speaker);

        await lease.AnnounceAsync(
            $$"""[{"prefix": "{{VipIPv4}}", "attributes": {"communities": ["graceful-shutdown"]} }]""");

        await bird.WaitRoute(VipIPv4, present: true);
        var route = await bird.Birdc($"show route all {VipIPv4}");
        Assert.Equal("(65535,0)", BirdRouter.Value(route, "BGP.community"));
        Assert.Equal("0", BirdRouter.Value(route, "BGP.local_pref"));
    }

    [Fact]
    public async Task An_enhanced_refresh_is_answered_with_every_route_between_its_two_markers()
    {
        await using var bird = await lab.StartBirdAsync();
        using var speaker = await StartEstablishedAsync(bird);
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(BothVips);
        await bird.WaitRoute(VipIPv4, present: true);
        await bird.WaitRoute(VipIPv6, present: true);
        var before = await PeerAsync(speaker);

        await bird.Birdc("reload in node4");

        // For each family BIRD asks once, and is answered by a beginning, one UPDATE and an end.
        await Poll.Until(
            () => PeerAsync(speaker),
            peer => Count(peer, "received", "routeRefresh") == 2
                && Count(peer, "sent", "routeRefresh") == 4
                && Count(peer, "sent", "update") == Count(before, "sent", "update") + 2,
            Bound,
            "the refresh is answered");
        // BIRD drops at the end what it was not told again.
        Assert.True(await bird.HasRoute(VipIPv4));
        Assert.True(await bird.HasRoute(VipIPv6));
    }

    [Fact]
    public async Task Our_shutdown_text_reaches_BIRD()
    {
        await using var bird = await lab.StartBirdAsync();
        using var speaker = await StartEstablishedAsync(bird);

        await ForeignClient.CallAsync(
            speaker, "SetPeerAdminState",
            """{"name": "tor1", "adminState": "PEER_ADMIN_STATE_DOWN", "reason": "kernel upgrade"}""");

        await Poll.Until(
            () => bird.Session(NodeIPv4),
            shown => BirdRouter.Value(shown, "Message") == "kernel upgrade",
            Bound,
            "BIRD shows the text");
    }

    [Fact]
    public async Task Fault_18_BIRDs_shutdown_is_shown_with_its_text_and_not_retried_every_second()
    {
        await using var bird = await lab.StartBirdAsync();
        using var speaker = await StartEstablishedAsync(bird);

        await bird.Birdc("""disable node4 "router maintenance" """);

        var peer = await WaitRefusedAsync(speaker);
        Assert.Equal("Cease/Administrative Shutdown: router maintenance", (string)peer["lastReceived"]!["text"]!);

        await bird.Birdc("enable node4");
        await bird.WaitEstablished(NodeIPv4);
    }

    [Fact]
    public async Task Fault_18_a_prefix_limit_at_BIRD_is_shown_and_not_retried_every_second()
    {
        await using var bird = await lab.StartBirdAsync(new() { Channel = "import limit 1 action disable;" });
        using var speaker = await StartEstablishedAsync(bird);
        using var lease = await ForeignLease.OpenAsync(speaker);

        await lease.SendAsync("""
            {"desiredSet": {"revision": "1", "vips": [{"vip": "web", "intent": "VIP_INTENT_ANNOUNCE",
            "routes": [{"prefix": "203.0.113.1/32"}, {"prefix": "203.0.113.2/32"}]}]}}
            """);

        var peer = await WaitRefusedAsync(speaker);
        Assert.StartsWith(
            "Cease/Maximum Number of Prefixes Reached", (string)peer["lastReceived"]!["text"]!,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fault_17_a_peer_above_our_prefix_limit_is_told_so_and_not_taken_back_every_second()
    {
        await using var bird = await lab.StartBirdAsync(
            new() { Announced = ["198.51.100.0/24", "198.51.101.0/24", "198.51.102.0/24"] });
        using var speaker = await lab.Node.StartSpeaker(Configuration(BothPeers("maximumPrefixes: 2")));
        await bird.WaitEstablished(NodeIPv6);

        await WaitLimitedAsync(speaker);

        await Poll.Until(
            () => bird.Log,
            log => log.Contains("node4: Received: Maximum number of prefixes reached", StringComparison.Ordinal),
            Bound,
            "BIRD shows the reason");
        Assert.NotEqual("Established", await bird.SessionState(NodeIPv4));
    }

    [Fact]
    public async Task BFD_is_Up_over_both_families_and_a_speaker_that_stands_still_is_Down_at_BIRD()
    {
        await using var bird = await lab.StartBirdAsync(new()
        {
            Global = """
                protocol bfd {
                  interface "eth1" { min rx interval 100 ms; min tx interval 100 ms; multiplier 3; };
                }
                """,
            Session = "bfd on;",
        });
        using var speaker = await lab.Node.StartSpeaker(
            Configuration(BothPeers("bfd: {transmitInterval: 100ms, receiveInterval: 100ms}")));
        await bird.WaitEstablished(NodeIPv4);
        await bird.WaitEstablished(NodeIPv6);
        foreach (var peer in new[] { "tor1", "tor2" })
        {
            await Poll.Until(
                async () => (string?)(await ForeignClient.PeerAsync(speaker, peer))["bfd"]?["state"],
                state => state == "BFD_STATE_UP",
                Bound,
                $"BFD with {peer} is Up");
        }
        await Poll.Until(
            () => bird.Birdc("show bfd sessions"),
            shown => shown.Split('\n').Count(line => line.Contains(" Up ", StringComparison.Ordinal)) == 2,
            Bound,
            "BIRD sees both sessions Up");

        await speaker.Signal("STOP");

        foreach (var node in new[] { NodeIPv4, NodeIPv6 })
        {
            await Poll.Until(
                () => bird.Session(node),
                shown => shown.Contains("BFD session down", StringComparison.Ordinal),
                Bound,
                $"BIRD ends the session with {node} for BFD");
        }
    }

    private static string BothPeers(string option) => $$"""
          - {name: tor1, address: {{RouterIPv4}}, asn: 65100, {{option}}}
          - {name: tor2, address: "{{RouterIPv6}}", asn: 65100, {{option}}}
        """;

    private async Task<RunningSpeaker> StartEstablishedAsync(BirdRouter bird)
    {
        var speaker = await lab.Node.StartSpeaker(Configuration(IPv4Peer));
        await bird.WaitEstablished(NodeIPv4);
        return speaker;
    }

    private static Task<JsonNode> PeerAsync(RunningSpeaker speaker) => ForeignClient.PeerAsync(speaker, "tor1");

    private static async Task WaitGatewayAsync(BirdRouter bird, string prefix, string gateway) => await Poll.Until(
        () => bird.KernelRoutes(prefix),
        routes => routes is [{ } route] && (string?)route["gateway"] == gateway,
        Bound,
        $"the kernel routes {prefix} to {gateway}");
}

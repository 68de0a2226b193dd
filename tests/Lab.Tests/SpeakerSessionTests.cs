using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>How sessions with FRR come up, are protected, and are ended by either side.</summary>
public sealed class SpeakerSessionTests(OneRouterLab lab) : SpeakerScenario(lab)
{
    private const string Password = "correct-horse";

    [Fact]
    public async Task A_session_with_MD5_comes_up_in_both_families()
    {
        using var secrets = new TemporaryDirectory();
        var file = await secrets.WriteSecretAsync(Password);
        await Router.Configure(
            "router bgp 65100", $"neighbor {NodeIPv4} password {Password}", $"neighbor {NodeIPv6} password {Password}");
        try
        {
            using var speaker = await StartEstablishedAsync($"""
                  - {"{"}name: tor1, address: {RouterIPv4}, asn: 65100, passwordFile: {file}{"}"}
                  - {"{"}name: tor2, address: "{RouterIPv6}", asn: 65100, passwordFile: {file}{"}"}
                """);
            await Router.WaitEstablished(NodeIPv6, Timeout);
        }
        finally
        {
            await Router.Configure(
                "router bgp 65100", $"no neighbor {NodeIPv4} password", $"no neighbor {NodeIPv6} password");
        }
    }

    [Fact]
    public async Task Fault_19_a_wrong_MD5_key_is_shown_as_such_and_leaves_other_peers_alone()
    {
        using var secrets = new TemporaryDirectory();
        var file = await secrets.WriteSecretAsync("wrong");
        await Router.Configure("router bgp 65100", $"neighbor {NodeIPv4} password {Password}");
        try
        {
            using var speaker = await StartEstablishedAsync($"""
                  - {"{"}name: tor1, address: {RouterIPv4}, asn: 65100, passwordFile: {file}, connectTimeout: 1s{"}"}
                  - {"{"}name: tor2, address: "{RouterIPv6}", asn: 65100{"}"}
                """, NodeIPv6);
            var before = await WaitStateAsync(speaker, "ESTABLISHED", "tor2");

            await WaitSuspectedAsync(speaker, "suspected authentication fault");

            await AssertUntouchedAsync(speaker, before);
        }
        finally
        {
            await Router.Configure("router bgp 65100", $"no neighbor {NodeIPv4} password");
        }
    }

    [Fact]
    public async Task Fault_19_a_key_changed_by_a_reload_touches_its_peer_alone()
    {
        using var secrets = new TemporaryDirectory();
        var file = await secrets.WriteSecretAsync(Password);
        await Router.Configure("router bgp 65100", $"neighbor {NodeIPv4} password {Password}");
        try
        {
            using var speaker = await StartEstablishedAsync($"""
                  - {"{"}name: tor1, address: {RouterIPv4}, asn: 65100, passwordFile: {file}, connectTimeout: 1s{"}"}
                  - {"{"}name: tor2, address: "{RouterIPv6}", asn: 65100{"}"}
                """);
            var before = await WaitStateAsync(speaker, "ESTABLISHED", "tor2");

            await secrets.WriteSecretAsync("changed");
            await speaker.Signal("HUP");
            await WaitSuspectedAsync(speaker, "TCP MD5 key");
            await Router.Configure("router bgp 65100", $"neighbor {NodeIPv4} password changed");

            await Router.WaitEstablished(NodeIPv4, Timeout);
            await WaitStateAsync(speaker, "ESTABLISHED");
            await AssertUntouchedAsync(speaker, before);
        }
        finally
        {
            await Router.Configure("router bgp 65100", $"no neighbor {NodeIPv4} password");
        }
    }

    [Fact]
    public async Task What_keeps_a_peer_down_is_suspected_from_how_it_fails()
    {
        using var speaker = await Node.StartSpeaker(Configuration($"""
              - {"{"}name: wrong-as, address: {RouterIPv4}, asn: 65009{"}"}
              - {"{"}name: wrong-port, address: "{RouterIPv6}", asn: 65100, port: 1790{"}"}
              - {"{"}name: nobody, address: 10.0.1.77, asn: 65100{"}"}
            """)
            // The router would connect by itself, now or later, and nothing would be down.
            .Replace("speaker:", "speaker:\n  listen: []", StringComparison.Ordinal));

        await WaitSuspectedAsync(
            speaker,
            "wrong AS: the peer claims AS 65100, AS 65009 is configured; check this peer's asn here against the "
            + "router's own",
            "wrong-as");
        await WaitSuspectedAsync(
            speaker,
            "the peer's host refuses connections to the port; check that its BGP runs and listens on this address",
            "wrong-port");
        await WaitSuspectedAsync(
            speaker,
            "no way to the peer; check link and addresses, and whether the peer is more than one hop away (TTL is 1)",
            "nobody");
    }

    [Fact]
    public async Task A_session_with_GTSM_comes_up_and_fails_without_it_on_our_side()
    {
        await Router.Configure(
            "router bgp 65100", $"neighbor {NodeIPv4} ttl-security hops 1", $"neighbor {NodeIPv6} ttl-security hops 1");
        try
        {
            using var speaker = await StartEstablishedAsync($"""
                  - {"{"}name: tor1, address: {RouterIPv4}, asn: 65100, ttlSecurityHops: 1{"}"}
                  - {"{"}name: tor2, address: "{RouterIPv6}", asn: 65100, connectTimeout: 1s, ttl: 1{"}"}
                """);
            await Poll.Until(
                () => ForeignClient.PeerAsync(speaker, "tor2"),
                peer => ((string?)peer["reason"])?.Contains("no answer", StringComparison.Ordinal) == true
                    || (string?)peer["lastSent"]?["text"] == "Hold Timer Expired",
                Timeout,
                "without GTSM the router hears nothing of us");
            Assert.NotEqual("Established", await Router.SessionState(NodeIPv6));
        }
        finally
        {
            await Router.Configure(
                "router bgp 65100", $"no neighbor {NodeIPv4} ttl-security hops 1",
                $"no neighbor {NodeIPv6} ttl-security hops 1");
        }
    }

    [Fact]
    public async Task A_passive_speaker_waits_for_the_router()
    {
        using var speaker = await StartEstablishedAsync(
            $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, passive: true}}");

        Assert.Equal(["10.0.1.2:179"], await LocalEndsAsync());
    }

    [Fact]
    public async Task A_passive_router_is_dialled()
    {
        await Router.Configure("router bgp 65100", $"neighbor {NodeIPv4} passive");
        try
        {
            using var speaker = await StartEstablishedAsync();

            Assert.DoesNotContain("10.0.1.2:179", await LocalEndsAsync());
        }
        finally
        {
            await Router.Configure("router bgp 65100", $"no neighbor {NodeIPv4} passive");
        }
    }

    [Fact]
    public async Task After_collisions_exactly_one_connection_is_left()
    {
        using var speaker = await StartEstablishedAsync();
        for (var round = 0; round < 5; round++)
        {
            // Both sides drop the session and dial at the same moment.
            var reset = ForeignClient.CallAsync(speaker, "ResetPeer", """{"name": "tor1", "reason": "collide"}""");
            await Router.Vtysh($"clear bgp ipv4 unicast {NodeIPv4}");
            await reset;

            await WaitStateAsync(speaker, "ESTABLISHED");
            await Router.WaitEstablished(NodeIPv4, Timeout);
            await Poll.Until(LocalEndsAsync, ends => ends.Count == 1, Timeout, "one connection is left");
        }
    }

    [Fact]
    public async Task Our_shutdown_text_reaches_the_router()
    {
        using var speaker = await StartEstablishedAsync();

        await ForeignClient.CallAsync(
            speaker, "SetPeerAdminState",
            """{"name": "tor1", "adminState": "PEER_ADMIN_STATE_DOWN", "reason": "kernel upgrade"}""");

        await WaitShutdownShownAsync("kernel upgrade");
        Assert.Equal("PEER_STATE_IDLE", (string)(await ForeignClient.PeerAsync(speaker, "tor1"))["state"]!);

        await ForeignClient.CallAsync(
            speaker, "SetPeerAdminState", """{"name": "tor1", "adminState": "PEER_ADMIN_STATE_UP"}""");
        await Router.WaitEstablished(NodeIPv4, Timeout);
    }

    [Fact]
    public async Task Fault_18_the_routers_shutdown_is_shown_with_its_text_and_not_retried_every_second()
    {
        using var speaker = await StartEstablishedAsync();
        await Router.Configure("router bgp 65100", $"neighbor {NodeIPv4} shutdown message router maintenance");
        try
        {
            var peer = await WaitRefusedAsync(speaker);

            Assert.Equal(
                "Cease/Administrative Shutdown: router maintenance", (string)peer["lastReceived"]!["text"]!);

            // Every other try it closes without a word: what it said still holds.
            await ForeignClient.CallAsync(speaker, "ResetPeer", """{"name": "tor1"}""");
            peer = await Poll.Until(
                () => ForeignClient.PeerAsync(speaker, "tor1"),
                seen => seen["transitions"]!.AsArray().Any(
                    change => (string)change!["from"]! == "PEER_STATE_OPEN_SENT"
                        && (string)change["to"]! == "PEER_STATE_ACTIVE"),
                Timeout,
                "another try has failed");
            Assert.Equal(
                "the peer has this node shut down (Cease/Administrative Shutdown: router maintenance); ask its "
                + "operator",
                (string)peer["suspectedCause"]!);
        }
        finally
        {
            await Router.Configure("router bgp 65100", $"no neighbor {NodeIPv4} shutdown");
        }
        await Router.WaitEstablished(NodeIPv4, Timeout);
    }

    [Fact]
    public async Task Fault_18_a_prefix_limit_at_the_router_is_shown_and_not_retried_every_second()
    {
        using var speaker = await StartEstablishedAsync();
        await Router.Configure(
            "router bgp 65100", "address-family ipv4 unicast", $"neighbor {NodeIPv4} maximum-prefix 1");
        try
        {
            using var lease = await ForeignLease.OpenAsync(speaker);
            await lease.SendAsync("""
                {"desiredSet": {"revision": "1", "vips": [{"vip": "web", "intent": "VIP_INTENT_ANNOUNCE",
                "routes": [{"prefix": "203.0.113.1/32"}, {"prefix": "203.0.113.2/32"}, {"prefix": "203.0.113.3/32"}]}]}}
                """);

            var peer = await WaitRefusedAsync(speaker);

            Assert.StartsWith(
                "Cease/Maximum Number of Prefixes Reached", (string)peer["lastReceived"]!["text"]!,
                StringComparison.Ordinal);
            Assert.Equal(
                "the peer takes fewer prefixes than we announce (Cease/Maximum Number of Prefixes Reached: "
                + "ipv4-unicast, at most 1); raise its limit for this node",
                (string)peer["suspectedCause"]!);
        }
        finally
        {
            await Router.Configure(
                "router bgp 65100", "address-family ipv4 unicast", $"no neighbor {NodeIPv4} maximum-prefix");
            await Router.Vtysh($"clear bgp ipv4 unicast {NodeIPv4}");
        }
    }

    [Fact]
    public async Task Fault_17_a_router_above_our_prefix_limit_is_told_so_and_not_taken_back_every_second()
    {
        string[] routes = ["198.51.100.0/24", "198.51.101.0/24", "198.51.102.0/24"];
        await Router.Configure([.. routes.Select(route => $"ip route {route} blackhole")]);
        await Router.Configure("router bgp 65100", "address-family ipv4 unicast", "redistribute static");
        try
        {
            using var speaker = await Node.StartSpeaker(Configuration(
                $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, maximumPrefixes: 2}}"));

            await WaitLimitedAsync(speaker);

            await Poll.Until(
                async () => (await Router.VtyshJson($"show bgp neighbors {NodeIPv4}"))[NodeIPv4]!,
                peer => (string?)peer["lastNotificationReason"] == "Cease/Maximum Number of Prefixes Reached"
                    && (string?)peer["bgpState"] != "Established",
                Timeout,
                "the router shows the reason");
        }
        finally
        {
            await Router.Configure("router bgp 65100", "address-family ipv4 unicast", "no redistribute static");
            await Router.Configure([.. routes.Select(route => $"no ip route {route} blackhole")]);
        }
    }

    [Fact]
    public async Task The_host_names_of_both_sides_are_shown()
    {
        using var speaker = await StartEstablishedAsync();

        var peer = await WaitStateAsync(speaker, "ESTABLISHED");
        Assert.Equal("router1", (string)peer["session"]!["peerHostName"]!);
        var neighbors = await Router.VtyshJson($"show bgp neighbors {NodeIPv4}");
        Assert.Equal("node1", (string)neighbors[NodeIPv4]!["hostname"]!);
    }

    [Fact]
    public async Task SIGTERM_withdraws_says_why_and_exits_with_0()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(BothVips);
        await WaitRoutedAsync(VipIPv4);

        Assert.Equal(0, await speaker.Terminate());

        await WaitGoneAsync(VipIPv4);
        await WaitGoneAsync(VipIPv6);
        await WaitShutdownShownAsync("the speaker stops");
        Assert.False(File.Exists(speaker.SocketPath));
    }

    private static Task<JsonNode> WaitSuspectedAsync(RunningSpeaker speaker, string part, string peer = "tor1") =>
        Poll.Until(
            () => ForeignClient.PeerAsync(speaker, peer),
            seen => ((string?)seen["suspectedCause"])?.Contains(part, StringComparison.Ordinal) == true,
            Timeout,
            $"the speaker suspects of {peer}: {part}");

    private static async Task AssertUntouchedAsync(RunningSpeaker speaker, JsonNode before)
    {
        var after = await ForeignClient.PeerAsync(speaker, (string)before["name"]!);
        Assert.Equal("PEER_STATE_ESTABLISHED", (string)after["state"]!);
        Assert.Equal(
            (string)before["session"]!["establishedAt"]!, (string)after["session"]!["establishedAt"]!, Milliseconds);
    }

    private async Task WaitShutdownShownAsync(string text) => await Poll.Until(
        async () => (await Router.VtyshJson($"show bgp neighbors {NodeIPv4}"))[NodeIPv4]!,
        peer => (string?)peer["lastNotificationReason"] == "Cease/Administrative Shutdown"
            && (string?)peer["lastShutdownDescription"] == text,
        Timeout,
        "the router shows the text");

    // The wall-clock time of an unchanged moment is computed anew for each view.
    private sealed class SameMoment : IEqualityComparer<string>
    {
        public bool Equals(string? x, string? y) => (Time(x!) - Time(y!)).Duration() < TimeSpan.FromMilliseconds(100);

        public int GetHashCode(string obj) => 0;
    }

    private static readonly SameMoment Milliseconds = new();

    /// <summary>The node's ends of its established BGP connections over IPv4.</summary>
    private async Task<IReadOnlyList<string>> LocalEndsAsync()
    {
        var lines = await Node.Run("ss", "-4", "-H", "-t", "-n", "state", "established");
        return lines.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2])
            .ToList();
    }
}

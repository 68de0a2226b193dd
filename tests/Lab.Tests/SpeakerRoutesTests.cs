using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>Announcements and withdrawals, from a foreign RPC client to the router's kernel.</summary>
public sealed class SpeakerRoutesTests(OneRouterLab lab) : SpeakerScenario(lab)
{
    [Theory]
    [InlineData(RouterIPv4, NodeIPv4)]
    [InlineData(RouterIPv6, NodeIPv6)]
    public async Task Both_families_go_over_a_session_of_either_to_the_kernel_and_away_again(string router, string node)
    {
        using var speaker = await StartEstablishedAsync(
            $"  - {{name: tor1, address: \"{router}\", asn: 65100, families: [ipv4, ipv6]}}", node);
        using var lease = await ForeignLease.OpenAsync(speaker);

        await lease.AnnounceAsync(BothVips);

        await WaitRoutedAsync(VipIPv4);
        await WaitRoutedAsync(VipIPv6);
        Assert.Equal(NodeIPv4, (string)(await Router.KernelRoutes(VipIPv4))[0]!["gateway"]!);
        Assert.Equal(NodeIPv6, (string)(await Router.KernelRoutes(VipIPv6))[0]!["gateway"]!);

        var progress = await lease.WithdrawAsync();

        Assert.Equal("DELIVERY_STATE_ACKNOWLEDGED", (string)progress["progress"]!["peers"]![0]!["state"]!);
        await WaitGoneAsync(VipIPv4);
        await WaitGoneAsync(VipIPv6);
    }

    [Fact]
    public async Task Every_attribute_arrives_as_it_was_asked_for()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);

        await lease.AnnounceAsync($$"""
            [{"prefix": "{{VipIPv4}}", "attributes": {"med": 77, "asPathPrepend": 2,
              "communities": ["65001:100", "no-export"], "largeCommunities": ["65001:1:2"]} }]
            """);

        var path = await WaitRoutedAsync(VipIPv4);
        Assert.Equal("65001 65001 65001", (string)path["aspath"]!["string"]!);
        Assert.Equal("IGP", (string)path["origin"]!);
        Assert.Equal(77, (int)path["metric"]!);
        Assert.Equal("65001:100 no-export", (string)path["community"]!["string"]!);
        Assert.Equal("65001:1:2", (string)path["largeCommunity"]!["string"]!);
        Assert.Equal(NodeIPv4, (string)path["nexthops"]![0]!["ip"]!);
    }

    [Fact]
    public async Task Attributes_for_one_peer_replace_the_others()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);

        await lease.AnnounceAsync(
            $$$"""
            [{"prefix": "{{{VipIPv4}}}", "attributes": {"med": 1},
              "peerAttributes": [{"peer": "tor1", "attributes": {"med": 2} }] }]
            """);

        Assert.Equal(2, (int)(await WaitRoutedAsync(VipIPv4))["metric"]!);
    }

    [Fact]
    public async Task Graceful_shutdown_is_local_preference_0_at_the_router()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);

        await lease.AnnounceAsync(
            $$"""[{"prefix": "{{VipIPv4}}", "attributes": {"communities": ["graceful-shutdown"]} }]""");

        Assert.Equal(0, (int)(await WaitRoutedAsync(VipIPv4))["locPrf"]!);
    }

    [Fact]
    public async Task What_the_allow_list_does_not_permit_never_reaches_the_router()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);

        await lease.AnnounceAsync(
            $$"""[{"prefix": "0.0.0.0/0"}, {"prefix": "198.51.100.1/32"}, {"prefix": "{{VipIPv4}}"}]""");

        await WaitRoutedAsync(VipIPv4);
        var routes = (await Router.VtyshJson("show bgp ipv4 unicast"))["routes"]!.AsObject();
        Assert.Equal([VipIPv4], routes.Select(route => route.Key));
    }

    [Fact]
    public async Task A_refresh_asked_for_by_the_router_is_answered_with_every_route()
    {
        const string softReconfiguration = "neighbor nodes soft-reconfiguration inbound";
        // With a stored copy FRR would not ask.
        await Router.Configure("router bgp 65100", "address-family ipv4 unicast", $"no {softReconfiguration}");
        try
        {
            using var speaker = await StartEstablishedAsync();
            using var lease = await ForeignLease.OpenAsync(speaker);
            await lease.AnnounceAsync(BothVips);
            await WaitRoutedAsync(VipIPv4);
            var before = Count(await ForeignClient.PeerAsync(speaker, "tor1"), "sent", "update");

            await Router.Vtysh($"clear bgp ipv4 unicast {NodeIPv4} soft in");

            // FRR speaks RFC 7313: each answer stands between two markers.
            await Poll.Until(
                () => ForeignClient.PeerAsync(speaker, "tor1"),
                peer => Count(peer, "received", "routeRefresh") >= 1 && Count(peer, "sent", "update") > before
                    && Count(peer, "sent", "routeRefresh") == 2 * Count(peer, "received", "routeRefresh"),
                Timeout,
                "the refresh is answered");
            await WaitRoutedAsync(VipIPv4);
        }
        finally
        {
            await Router.Configure("router bgp 65100", "address-family ipv4 unicast", softReconfiguration);
        }
    }

    [Fact]
    public async Task An_internal_peer_gets_local_preference_and_an_empty_path()
    {
        const string secondAddress = "10.0.1.9";
        await Node.Run("ip", "address", "add", $"{secondAddress}/24", "dev", "eth1");
        await Router.Configure(
            "router bgp 65100", $"neighbor {secondAddress} remote-as 65100", "address-family ipv4 unicast",
            $"neighbor {secondAddress} activate");
        try
        {
            using var speaker = await StartEstablishedAsync(
                $$"""
                  - {name: tor1, address: {{RouterIPv4}}, asn: 65100, localAsn: 65100, localAddress: {{secondAddress}}}
                """,
                secondAddress);
            using var lease = await ForeignLease.OpenAsync(speaker);

            await lease.AnnounceAsync($$"""[{"prefix": "{{VipIPv4}}", "attributes": {"localPref": 250} }]""");

            var path = await WaitRoutedAsync(VipIPv4);
            Assert.Equal(250, (int)path["locPrf"]!);
            Assert.Equal("Local", (string)path["aspath"]!["string"]!);
            Assert.Equal("internal", (string)path["peer"]!["type"]!);
        }
        finally
        {
            await Router.Configure("router bgp 65100", $"no neighbor {secondAddress}");
            await Node.Run("ip", "address", "del", $"{secondAddress}/24", "dev", "eth1");
        }
    }

    [Fact]
    public async Task A_thousand_prefixes_arrive_in_a_handful_of_updates()
    {
        using var speaker = await Node.StartSpeaker(Configuration(IPv4Peer).Replace(
            "203.0.113.0/24, ge: 32", "203.0.0.0/16, ge: 32", StringComparison.Ordinal));
        await Router.WaitEstablished(NodeIPv4, Timeout);
        using var lease = await ForeignLease.OpenAsync(speaker);
        var before = Count(await ForeignClient.PeerAsync(speaker, "tor1"), "sent", "update");
        var prefixes = Enumerable.Range(0, 1000).Select(i => $$"""{"prefix": "203.0.{{i / 250}}.{{i % 250}}/32"}""");

        await lease.AnnounceAsync($"[{string.Join(", ", prefixes)}]");

        await Poll.Until(
            async () => (await Router.VtyshJson("show bgp ipv4 unicast summary"))["peers"]![NodeIPv4]!["pfxRcd"]!,
            received => (int)received == 1000,
            Timeout,
            "the router has a thousand prefixes");
        // (4096 - 23 - 18 octets of attributes) / 5 octets a prefix: 811 in the first, 189 in the second.
        Assert.Equal(2, Count(await ForeignClient.PeerAsync(speaker, "tor1"), "sent", "update") - before);
    }
}

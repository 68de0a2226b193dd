using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>Extended communities, link bandwidth, roles and several paths, as FRR sees and sends them.</summary>
public sealed class SpeakerAttributeTests(OneRouterLab lab) : SpeakerScenario(lab)
{
    private const string Bgp = "router bgp 65100";
    private const string SecondAddress = "10.0.1.8";

    [Fact]
    public async Task Extended_communities_and_link_bandwidth_arrive_as_they_were_asked_for()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);
        const string attributes = """
            {"extendedCommunities": ["rt:65001:100", "rt:4200000001:7", "soo:192.0.2.1:8"],
             "linkBandwidth": "10000000000"}
            """;

        await lease.AnnounceAsync($$"""
            [{"prefix": "{{VipIPv4}}", "attributes": {{attributes}} },
             {"prefix": "{{VipIPv6}}", "attributes": {{attributes}} }]
            """);

        foreach (var prefix in (string[])[VipIPv4, VipIPv6])
        {
            var seen = (string)(await WaitRoutedAsync(prefix))["extendedCommunity"]!["string"]!;
            Assert.Equal(
                "RT:65001:100 SoO:192.0.2.1:8 RT:4200000001:7 LB:65001:1250000000 (10.000 Gbps)", seen);
        }
    }

    [Fact]
    public async Task The_router_weighs_its_next_hops_by_the_link_bandwidths_of_two_speakers()
    {
        await Node.Run("ip", "address", "add", $"{SecondAddress}/24", "dev", "eth1");
        await Router.Configure(
            Bgp, $"neighbor {SecondAddress} peer-group nodes", "address-family ipv4 unicast",
            "neighbor nodes activate");
        try
        {
            using var small = await Node.StartSpeaker(Weighted("node1", NodeIPv4, "10Gbit"));
            using var great = await Node.StartSpeaker(Weighted("node2", SecondAddress, "30Gbit"));
            await Router.WaitEstablished(NodeIPv4, Timeout);
            await Router.WaitEstablished(SecondAddress, Timeout);
            using var first = await ForeignLease.OpenAsync(small);
            using var second = await ForeignLease.OpenAsync(great);

            await first.AnnounceAsync($$"""[{"prefix": "{{VipIPv4}}"}]""");
            await second.AnnounceAsync($$"""[{"prefix": "{{VipIPv4}}"}]""");

            var hops = await Poll.Until(
                () => NextHopsAsync(VipIPv4), hops => hops.Count == 2, Timeout, "both are next hops in the kernel");
            // FRR 8.4 weighs by whole hundredths, cut off.
            Assert.InRange((double)hops[SecondAddress] / hops[NodeIPv4], 2.8, 3.2);
        }
        finally
        {
            await Router.Configure(Bgp, $"no neighbor {SecondAddress}");
            await Node.Run("ip", "address", "del", $"{SecondAddress}/24", "dev", "eth1");
        }
    }

    [Fact]
    public async Task Roles_that_correspond_make_a_session_and_a_provider_marks_its_routes()
    {
        await Router.Configure(Bgp, $"neighbor {NodeIPv4} local-role customer strict-mode");
        try
        {
            using var speaker = await StartEstablishedAsync(
                $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, families: [ipv4, ipv6], role: provider, "
                + "strictRole: true}");
            using var lease = await ForeignLease.OpenAsync(speaker);

            await lease.AnnounceAsync($$"""[{"prefix": "{{VipIPv4}}"}]""");

            await WaitRoutedAsync(VipIPv4);
            Assert.Contains("otc 65001", await Router.Vtysh($"show bgp ipv4 unicast {VipIPv4}"));
            var neighbor = (await Router.VtyshJson($"show bgp neighbors {NodeIPv4}"))[NodeIPv4]!;
            Assert.Equal("customer", (string)neighbor["localRole"]!);
            Assert.Equal("provider", (string)neighbor["remoteRole"]!);
        }
        finally
        {
            await Router.Configure(Bgp, $"no neighbor {NodeIPv4} local-role customer strict-mode");
        }
    }

    [Fact]
    public async Task Roles_that_do_not_correspond_are_named_by_both_sides()
    {
        await Router.Configure(Bgp, $"neighbor {NodeIPv4} local-role provider");
        try
        {
            using var speaker = await Node.StartSpeaker(Configuration(
                $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, role: provider}}"));

            var peer = await Poll.Until(
                () => ForeignClient.PeerAsync(speaker, "tor1"),
                peer => (string)peer["reason"]! != "" && (peer["lastSent"] ?? peer["lastReceived"]) is not null,
                Timeout,
                "the session is refused");

            var notification = (peer["lastSent"] ?? peer["lastReceived"])!;
            Assert.Equal((2, 11), ((int)notification["code"]!, (int)notification["subcode"]!));
            Assert.Contains("Role Mismatch", (string)notification["text"]!);
        }
        finally
        {
            await Router.Configure(Bgp, $"no neighbor {NodeIPv4} local-role provider");
        }
    }

    [Fact]
    public async Task Paths_with_identifiers_are_taken_from_a_router_that_sends_all_of_them()
    {
        string[] families = ["ipv4", "ipv6"];
        foreach (var family in families)
        {
            await Router.Configure(
                Bgp, "no bgp network import-check", $"address-family {family} unicast",
                $"network {Network(family, 1)}", $"network {Network(family, 2)}",
                $"neighbor {NodeIPv4} addpath-tx-all-paths");
        }
        try
        {
            using var speaker = await StartEstablishedAsync(
                $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, families: [ipv4, ipv6], addPath: receive}}");

            var peer = await Poll.Until(
                () => ForeignClient.PeerAsync(speaker, "tor1"),
                peer => (string?)peer["receivedRoutes"]?["announced"] == "4",
                Timeout,
                "two prefixes of each family have come");
            Assert.Equal("", (string?)peer["receivedRoutes"]!["lastError"] ?? "");
            Assert.Contains(
                peer["session"]!["capabilitiesReceived"]!.AsArray(),
                capability => ((string)capability!).StartsWith("add-path", StringComparison.Ordinal));
            foreach (var family in families)
            {
                await Router.Configure(Bgp, $"address-family {family} unicast", $"no network {Network(family, 1)}");
            }
            await Poll.Until(
                () => ForeignClient.PeerAsync(speaker, "tor1"),
                peer => (string?)peer["receivedRoutes"]!["withdrawn"] == "2",
                Timeout,
                "both withdrawals have come");
            Assert.Equal("PEER_STATE_ESTABLISHED", (string)(await ForeignClient.PeerAsync(speaker, "tor1"))["state"]!);
        }
        finally
        {
            foreach (var family in families)
            {
                await Router.Configure(
                    Bgp, $"address-family {family} unicast", $"no network {Network(family, 2)}",
                    $"no neighbor {NodeIPv4} addpath-tx-all-paths");
            }
            await Router.Configure(Bgp, "bgp network import-check");
        }
    }

    private static string Network(string family, int number) =>
        family == "ipv4" ? $"198.18.{number}.0/24" : $"2001:db8:f{number}::/48";

    private static string Weighted(string name, string address, string bandwidth) => Configuration(
        $$"""
          - {name: tor1, address: {{RouterIPv4}}, localAddress: {{address}}, asn: 65100, linkBandwidth: {{bandwidth}}}
        """,
        $"name: {name}, asn: 65001, routerId: {address}")
        .Replace("speaker:", "speaker:\n  listen: []", StringComparison.Ordinal);

    private async Task<Dictionary<string, int>> NextHopsAsync(string prefix)
    {
        var route = (await Router.KernelRoutes(prefix)).FirstOrDefault();
        return (route?["nexthops"]?.AsArray() ?? []).ToDictionary(
            hop => (string)hop!["gateway"]!, hop => (int)hop!["weight"]!);
    }
}

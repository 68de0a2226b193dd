using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>eBGP between two speakers with a router between them that forwards packets and knows nothing.</summary>
public sealed class SpeakerMultihopTests(TwoNodeLab lab)
{
    private const string NearIPv4 = "10.0.1.2";
    private const string NearIPv6 = "2001:db8:1::2";
    private const string FarIPv4 = "10.0.2.2";
    private const string FarIPv6 = "2001:db8:2::2";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(NearIPv4, FarIPv4, "ttl: 2")]
    [InlineData(NearIPv6, FarIPv6, "ttl: 2")]
    [InlineData(NearIPv4, FarIPv4, "ttlSecurityHops: 2")]
    [InlineData(NearIPv6, FarIPv6, "ttlSecurityHops: 2")]
    public async Task A_peer_behind_a_router_is_reached_with_as_many_hops(string near, string far, string option)
    {
        using var accepting = await StartAsync(2, 65002, near, 65001, $"{option}, passive: true");
        using var dialling = await StartAsync(1, 65001, far, 65002, option);
        using var lease = await ForeignLease.OpenAsync(dialling);

        await lease.AnnounceAsync("""[{"prefix": "203.0.113.50/32"}]""");

        await Poll.Until(
            () => ForeignClient.PeerAsync(accepting, "other"),
            peer => (string?)peer["receivedRoutes"]?["announced"] == "1",
            Timeout,
            "the far speaker has the route");
    }

    [Theory]
    [InlineData("ttl: 1")]
    [InlineData("ttlSecurityHops: 1")]
    public async Task A_peer_behind_a_router_is_not_reached_with_one_hop(string option)
    {
        using var accepting = await StartAsync(2, 65002, NearIPv4, 65001, $"{option}, passive: true");
        using var dialling = await StartAsync(1, 65001, FarIPv4, 65002, $"{option}, connectTimeout: 500ms");

        var peer = await Poll.Until(
            () => ForeignClient.PeerAsync(dialling, "other"),
            peer => (string?)peer["reason"] is { Length: > 0 },
            Timeout,
            "the dial has failed");

        Assert.NotEqual("PEER_STATE_ESTABLISHED", (string)peer["state"]!);
        Assert.Null(peer["session"]);
    }

    private Task<RunningSpeaker> StartAsync(int node, uint asn, string peer, uint peerAsn, string options) =>
        lab.SpeakerNode(node).StartSpeaker($$"""
            version: 1
            node: {name: node{{node}}, asn: {{asn}}, routerId: 10.0.{{node}}.2}
            speaker:
              allowedPrefixes: [{prefix: 203.0.113.50/32}]
            peers:
              - {name: other, address: "{{peer}}", asn: {{peerAsn}}, families: [ipv4, ipv6], {{options}}}
            """);
}

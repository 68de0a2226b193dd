using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>Sessions over IPv6 link-local addresses.</summary>
public sealed class SpeakerLinkLocalTests(OneRouterLab lab) : SpeakerScenario(lab)
{
    [Theory]
    [InlineData("ttl: 1", "passive")]
    [InlineData("ttlSecurityHops: 1", "ttl-security hops 1")]
    [InlineData("localAddress: ADDRESS", "passive")]
    public async Task A_session_over_link_local_addresses_carries_both_families(string ours, string theirs)
    {
        var router = await LinkLocalAddressAsync(Router);
        var node = await LinkLocalAddressAsync(Node);
        await Router.Configure(
            "router bgp 65100", $"neighbor {node} remote-as 65001", $"neighbor {node} interface eth1",
            $"neighbor {node} timers connect 2", $"neighbor {node} {theirs}",
            "address-family ipv4 unicast", $"neighbor {node} activate", "exit-address-family",
            "address-family ipv6 unicast", $"neighbor {node} activate");
        try
        {
            var option = ours.Replace("ADDRESS", $"\"{node}\"", StringComparison.Ordinal);
            using var speaker = await StartEstablishedAsync(
                $$"""
                  - {name: tor1, address: "{{router}}%eth1", asn: 65100, families: [ipv4, ipv6], {{option}}}
                """,
                node);
            using var lease = await ForeignLease.OpenAsync(speaker);

            await lease.AnnounceAsync(BothVips);

            await WaitRoutedAsync(VipIPv4);
            await WaitRoutedAsync(VipIPv6);
            Assert.Equal(NodeIPv4, NextHop(await BgpPathAsync(VipIPv4)));
            Assert.Equal(NodeIPv6, NextHop(await BgpPathAsync(VipIPv6)));
        }
        finally
        {
            await Router.Configure("router bgp 65100", $"no neighbor {node}");
        }
    }

    // FRR 8.4 does not dial a link-local neighbour that it knows by its address ("Waiting for NHT").
    [Fact]
    public async Task A_connection_from_a_link_local_peer_is_answered_with_OPEN()
    {
        const string script = """
            import socket, sys
            connection = socket.create_connection((sys.argv[1], 179), timeout=10)
            print(connection.recv(19, socket.MSG_WAITALL)[18])
            """;
        var router = await LinkLocalAddressAsync(Router);
        var node = await LinkLocalAddressAsync(Node);
        using var speaker = await Node.StartSpeaker(Configuration(
            $$"""
              - {name: tor1, address: "{{router}}%eth1", asn: 65100, passive: true}
            """));

        Assert.Equal("1\n", await Router.Run("python3", "-c", script, $"{node}%eth1"));
    }

    private static string NextHop(JsonNode? path) => (string)path!["nexthops"]![0]!["ip"]!;

    private static async Task<string> LinkLocalAddressAsync(LabNode node)
    {
        var interfaces = JsonNode.Parse(await node.Run("ip", "-json", "address", "show", "dev", "eth1"))!;
        var addresses = interfaces[0]!["addr_info"]!.AsArray();
        return (string)addresses.Single(address => (string)address!["scope"]! == "link")!["local"]!;
    }
}

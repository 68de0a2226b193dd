using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>Sessions with a peer that is learned from Router Advertisements, FAULTS 20.</summary>
public sealed class SpeakerUnnumberedTests(UnnumberedLab lab) : IClassFixture<UnnumberedLab>
{
    private const string Vip4 = SpeakerScenario.VipIPv4;
    private const string Vip6 = SpeakerScenario.VipIPv6;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private FrrRouter Router => lab.Router;

    private SpeakerNode Node => lab.Node;

    [Theory]
    [InlineData("asn: 65100")]
    [InlineData("asn: 65100, ttlSecurityHops: 1", "ttl-security hops 1")]
    [InlineData("asn: 65100, passive: true")]
    [InlineData("asn: 65100", "passive")]
    public async Task An_unnumbered_session_carries_both_families_over_link_local_next_hops(
        string ours, params string[] theirs)
    {
        await ConfigureNeighborAsync("", theirs);
        try
        {
            using var speaker = await StartAsync(ours);
            await WaitEstablishedAsync(speaker);
            using var lease = await ForeignLease.OpenAsync(speaker);
            await lease.AnnounceAsync(SpeakerScenario.BothVips);

            var node = await LinkLocalAsync(Node);
            Assert.Equal(node, await KernelNextHopAsync(Vip4));
            Assert.Equal(node, await KernelNextHopAsync(Vip6));
            var peer = await ForeignClient.PeerAsync(speaker, "tor1");
            Assert.Equal($"{await LinkLocalAsync(Router)}%eth1", (string?)peer["address"]);
        }
        finally
        {
            await ConfigureNeighborAsync("no ", theirs);
        }
    }

    [Fact]
    public async Task FAULT_20_a_session_comes_back_over_an_interface_with_another_index_and_other_addresses()
    {
        using var speaker = await StartAsync("asn: 65100");
        await WaitEstablishedAsync(speaker);
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(SpeakerScenario.BothVips);
        await KernelNextHopAsync(Vip4);
        var (index, address) = (await IndexAsync(), await LinkLocalAsync(Node));

        await lab.RemakeLink();

        Assert.NotEqual(index, await IndexAsync());
        await Poll.Until(
            () => KernelNextHopAsync(Vip4), hop => hop != address, Timeout, "the VIP is routed over the new link");
        Assert.Equal(await LinkLocalAsync(Node), await KernelNextHopAsync(Vip4));
        Assert.Equal(await LinkLocalAsync(Node), await KernelNextHopAsync(Vip6));
    }

    [Fact]
    public async Task A_default_route_of_the_router_is_installed_while_the_session_lasts()
    {
        // What a predecessor left, and what is somebody else's.
        await Node.Run("ip", "route", "add", "default", "dev", "lo", "metric", "77", "protocol", "86");
        await Node.Run("ip", "route", "add", "default", "dev", "lo", "metric", "78");
        try
        {
            using var speaker = await StartAsync("asn: 65100, installDefaultRoute: {metric: 210}");

            var hop = await LinkLocalAsync(Router);
            var ipv4 = (await WaitDefaultsAsync("-4", "210", "78")).Single(route => (int)route!["metric"]! == 210)!;
            Assert.Equal(("inet6", hop), ((string?)ipv4["via"]!["family"], (string?)ipv4["via"]!["host"]));
            var ipv6 = (await WaitDefaultsAsync("-6", "210")).Single(route => (int)route!["metric"]! == 210)!;
            Assert.Equal(hop, (string?)ipv6["gateway"]);

            await Router.Configure("router bgp 65100", "neighbor eth1 shutdown");
            await WaitDefaultsAsync("-4", "78");
            await WaitDefaultsAsync("-6");
            await Router.Configure("router bgp 65100", "no neighbor eth1 shutdown");
            await WaitDefaultsAsync("-4", "210", "78");
            Assert.Equal(0, await speaker.Terminate());
            await WaitDefaultsAsync("-4", "78");
        }
        finally
        {
            await Node.Run("ip", "route", "delete", "default", "metric", "78");
        }
    }

    private Task<RunningSpeaker> StartAsync(string peer) => Node.StartSpeaker(SpeakerScenario.Configuration(
        $$"""
          - {name: tor1, interface: eth1, {{peer}}}
        """));

    private static Task<JsonNode> WaitEstablishedAsync(RunningSpeaker speaker) =>
        SpeakerScenario.WaitStateAsync(speaker, "ESTABLISHED");

    private async Task ConfigureNeighborAsync(string no, string[] options)
    {
        foreach (var option in options)
            await Router.Configure("router bgp 65100", $"{no}neighbor eth1 {option}");
    }

    // As the router's kernel has it: "via" for the prefix's own family, "via inet6" for IPv4 over IPv6.
    private async Task<string> KernelNextHopAsync(string prefix)
    {
        var routes = await Poll.Until(
            () => Router.KernelRoutes(prefix), routes => routes.Count == 1, Timeout, $"{prefix} is in the kernel");
        var route = routes[0]!;
        var via = route["via"];
        Assert.Equal(prefix.Contains(':', StringComparison.Ordinal) ? null : "inet6", (string?)via?["family"]);
        return (string)(via is null ? route["gateway"]! : via["host"]!)!;
    }

    // The node's default routes are those of these metrics; the kernel's own from router advertisements do not count.
    private Task<JsonArray> WaitDefaultsAsync(string family, params string[] metrics) => Poll.Until(
        () => DefaultsAsync(family),
        routes => routes.Select(route => route!["metric"]!.ToString()).Order().SequenceEqual(metrics.Order()),
        Timeout,
        $"the default routes {family} have the metrics {string.Join(", ", metrics)}");

    private async Task<JsonArray> DefaultsAsync(string family)
    {
        var routes = JsonNode.Parse(await Node.Run("ip", family, "-json", "route", "show", "default"))!.AsArray();
        return [.. routes.Where(route => (string?)route!["protocol"] != "ra").Select(route => route!.DeepClone())];
    }

    private async Task<int> IndexAsync() =>
        (int)JsonNode.Parse(await Node.Run("ip", "-json", "link", "show", "eth1"))![0]!["ifindex"]!;

    private static async Task<string> LinkLocalAsync(LabNode node)
    {
        var interfaces = JsonNode.Parse(await node.Run("ip", "-json", "-6", "address", "show", "dev", "eth1"))!;
        return (string)interfaces[0]!["addr_info"]!.AsArray().Single()!["local"]!;
    }
}

using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>What the tests of whole nodes have in common.</summary>
public abstract class NodeScenario(TwoNodeLab lab)
{
    internal const string VipIPv4 = "203.0.113.50";
    internal const string VipIPv6 = "2001:db8:50::50";

    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    internal FrrRouter Router { get; } = lab.Router;

    internal VipNode Node1 { get; } = lab.Nodes[0];

    internal VipNode Node2 { get; } = lab.Nodes[1];

    internal LabNode Client { get; } = lab.Client;

    /// <summary>Waits until the router's kernel sends a VIP's packets to exactly these nodes.</summary>
    internal async Task WaitNextHopsAsync(string vip, params VipNode[] nodes)
    {
        var wanted = nodes.Select(node => $"eth{node.Name[^1]}").Order().ToList();
        await Poll.Until(
            async () => string.Join(' ', Devices(await Router.KernelRoutes(vip)).Order()),
            devices => devices == string.Join(' ', wanted),
            Timeout,
            $"the router sends {vip} to {string.Join(" and ", nodes.Select(node => node.Name))}");
    }

    /// <summary>How many UPDATEs the node's speaker has sent, over both peers.</summary>
    internal static async Task<int> UpdatesSentAsync(RunningNode node)
    {
        var peers = (await node.VipctlAsync("peers", "-o", "json")).Succeeded().ToJson()["peers"]!.AsArray();
        return peers.Sum(peer => int.Parse(
            (string?)peer!["sent"]?["update"] ?? "0", System.Globalization.CultureInfo.InvariantCulture));
    }

    // One route with several next hops (IPv4), or several routes with one each.
    private static IEnumerable<string> Devices(JsonArray routes) => routes.SelectMany(route =>
        route!["nexthops"]?.AsArray().Select(hop => (string)hop!["dev"]!) ?? [(string)route["dev"]!]);
}

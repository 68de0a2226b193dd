using System.Text.Json;
using AnycastVip.Netlab.Model;

namespace AnycastVip.Netlab.Deployment;

/// <summary>What a deployed node looks like now.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Namespace">Its network namespace, as <c>ip netns</c> knows it.</param>
/// <param name="Image">What runs in it.</param>
/// <param name="IsRunning">False when its namespaces' holder is gone: then only <c>destroy</c> helps.</param>
/// <param name="Pid">The process that holds its namespaces; 0 when there is none.</param>
/// <param name="Interfaces">Its interfaces but <c>lo</c>.</param>
public sealed record NodeStatus(
    string Name, string Namespace, NodeImage Image, bool IsRunning, int Pid, IReadOnlyList<InterfaceStatus> Interfaces)
{
    /// <summary>Looks at a node.</summary>
    internal static async Task<NodeStatus> ReadAsync(Topology topology, NodeState node, CancellationToken cancellation)
    {
        var image = topology.FindNode(node.Name)?.Image ?? NodeImage.Host;
        if (!node.IsRunning)
            return new NodeStatus(node.Name, node.Namespace, image, IsRunning: false, Pid: 0, []);
        var result = await Subprocess.RunCheckedAsync(
            ["ip", "-netns", node.Namespace, "-json", "address", "show"],
            new Dictionary<string, string>(),
            TimeSpan.FromSeconds(10),
            cancellation);
        using var json = JsonDocument.Parse(result.Output);
        var interfaces = json.RootElement.EnumerateArray()
            .Select(InterfaceStatus.Read)
            .Where(item => item.Name != "lo");
        return new NodeStatus(node.Name, node.Namespace, image, IsRunning: true, node.InitPid, [.. interfaces]);
    }
}

/// <summary>One interface of a node.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">UP, DOWN and so on, as <c>ip</c> says it.</param>
/// <param name="Mtu">Octets of payload.</param>
/// <param name="Addresses">With prefix lengths.</param>
public sealed record InterfaceStatus(string Name, string State, int Mtu, IReadOnlyList<string> Addresses)
{
    /// <summary>Reads one element of <c>ip -json address show</c>.</summary>
    internal static InterfaceStatus Read(JsonElement element) => new(
        element.GetProperty("ifname").GetString()!,
        element.GetProperty("operstate").GetString()!,
        element.GetProperty("mtu").GetInt32(),
        [.. element.GetProperty("addr_info").EnumerateArray().Select(ReadAddress)]);

    private static string ReadAddress(JsonElement element) =>
        $"{element.GetProperty("local").GetString()}/{element.GetProperty("prefixlen").GetInt32()}";
}

using AnycastVip.StrictYaml;

namespace AnycastVip.Netlab.Model;

/// <summary>Reads links, brief (<c>endpoints: ["a:eth1", "b:eth1"]</c>) and extended (<c>type: veth</c>).</summary>
/// <param name="diagnostics">Takes the findings.</param>
/// <param name="nodes">The merged definitions by node name.</param>
internal sealed class LinkReader(DiagnosticList diagnostics, IReadOnlyDictionary<string, NodeDefinition> nodes)
{
    // What containerlab gives a link that names no MTU.
    private const int DefaultMtu = 9500;

    // IFNAMSIZ is 16 with the final zero.
    private const int LongestInterfaceName = 15;

    private static readonly ScalarType<long> Mtu = ScalarTypes.Integer(68, 65535);

    private readonly HashSet<LinkEnd> _used = [];

    /// <summary>Reads one link; null, with findings, when it is none.</summary>
    public Link? Read(YamlNode node)
    {
        if (MappingReader.Open(node, diagnostics) is not { } keys)
            return null;
        var isBrief = keys.Node("type") is null;
        keys.Optional("type", TopologyTypes.LinkType, "veth");
        var mtu = (int)keys.Optional("mtu", Mtu, DefaultMtu);
        var items = keys.Require("endpoints") ? keys.Sequence("endpoints") : null;
        ContainerlabKeys.RefuseIn(keys, ContainerlabKeys.Link);
        keys.Finish();
        if (items is null)
            return null;
        if (items is not [var first, var second])
        {
            diagnostics.Error(keys.PositionOf("endpoints"), $"a link has two endpoints, not {items.Count}");
            return null;
        }
        Func<YamlNode, LinkEnd?> read = isBrief ? ReadBriefEnd : ReadExtendedEnd;
        var (a, b) = (read(first), read(second));
        return a is null || b is null ? null : new Link(a, b, mtu);
    }

    private LinkEnd? ReadBriefEnd(YamlNode node)
    {
        if (node is YamlScalar scalar
            && scalar.Text.Split(':') is [{ Length: > 0 } name, { Length: > 0 } interfaceName])
            return Check(new LinkEnd(name, interfaceName), node.Position, node.Position);
        diagnostics.Error(node.Position, "an endpoint of a link without type is written node:interface");
        return null;
    }

    private LinkEnd? ReadExtendedEnd(YamlNode node)
    {
        if (MappingReader.Open(node, diagnostics) is not { } keys)
            return null;
        var name = keys.Required("node", TopologyTypes.Word, "");
        var interfaceName = keys.Required("interface", TopologyTypes.Word, "");
        ContainerlabKeys.RefuseIn(keys, ContainerlabKeys.LinkEnd);
        keys.Finish();
        return name.Length == 0 || interfaceName.Length == 0
            ? null
            : Check(new LinkEnd(name, interfaceName), keys.PositionOf("node"), keys.PositionOf("interface"));
    }

    private LinkEnd? Check(LinkEnd end, Position namePosition, Position interfacePosition)
    {
        if (!nodes.TryGetValue(end.Node, out var node))
        {
            diagnostics.Error(namePosition, ContainerlabKeys.SpecialNodes.Contains(end.Node)
                ? TopologyTypes.NotSupported($"a link to '{end.Node}'")
                : $"there is no node {end.Node.Quoted()}{Suggestion.For(end.Node, nodes.Keys)}");
            return null;
        }
        if (InterfaceFault(end, node) is { } fault)
        {
            diagnostics.Error(interfacePosition, fault);
            return null;
        }
        return end;
    }

    private string? InterfaceFault(LinkEnd end, NodeDefinition node)
    {
        var name = end.Interface;
        if (name.Length > LongestInterfaceName)
        {
            return $"interface name {name.Quoted()} has {name.Length} characters, "
                + $"the kernel takes {LongestInterfaceName}";
        }
        if (name is "lo" or "." or ".." || name.Any(c => c is '/' or '$' || c <= ' ' || c > '~'))
            return $"{name.Quoted()} cannot name a link's interface";
        // A file that works here must work in containerlab, which keeps eth0 for its management network.
        if (name == "eth0" && node.NetworkMode != "none")
            return "eth0 is containerlab's management interface unless the node has 'network-mode: none'";
        return _used.Add(end) ? null : $"interface {name.Quoted()} of node '{end.Node}' is used twice";
    }
}

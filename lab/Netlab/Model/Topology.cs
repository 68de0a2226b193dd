namespace AnycastVip.Netlab.Model;

/// <summary>
/// A lab as its containerlab file describes it, after defaults, kinds and groups are merged into the nodes.
/// </summary>
/// <param name="Name">The lab's name.</param>
/// <param name="Prefix">Null when the file does not say: then <c>clab</c>.</param>
/// <param name="Nodes">The nodes in the order of the file; names are unique.</param>
/// <param name="Links">The links in the order of the file; both ends are nodes of this lab.</param>
public sealed record Topology(
    string Name, string? Prefix, IReadOnlyList<TopologyNode> Nodes, IReadOnlyList<Link> Links)
{
    /// <summary>The node of that name; null when there is none.</summary>
    public TopologyNode? FindNode(string name) => Nodes.FirstOrDefault(node => node.Name == name);

    /// <summary>
    /// The name of a node's network namespace, made as containerlab makes container names: <c>clab-LAB-NODE</c>,
    /// <c>PREFIX-LAB-NODE</c>, only <c>NODE</c> for an empty prefix, <c>LAB-NODE</c> for the prefix <c>__lab-name</c>.
    /// </summary>
    public string NamespaceOf(TopologyNode node) => Prefix switch
    {
        null => $"clab-{Name}-{node.Name}",
        "" => node.Name,
        "__lab-name" => $"{Name}-{node.Name}",
        _ => $"{Prefix}-{Name}-{node.Name}",
    };
}

/// <summary>One node, merged.</summary>
/// <param name="Name">The key in <c>topology.nodes</c>; also the node's host name.</param>
/// <param name="Image">What stands in for the container image.</param>
/// <param name="Binds">Files and directories of the host that the node sees; destinations are unique.</param>
/// <param name="Command">The long-running command (<c>cmd</c>) in place of the image's own; null when absent.</param>
/// <param name="Exec">Commands to run once every node is up, as argument lists; no shell reads them.</param>
/// <param name="Environment">Environment variables of every command in the node.</param>
/// <param name="Sysctls">Kernel parameters of the node's network namespace.</param>
public sealed record TopologyNode(
    string Name,
    NodeImage Image,
    IReadOnlyList<Bind> Binds,
    IReadOnlyList<string>? Command,
    IReadOnlyList<IReadOnlyList<string>> Exec,
    IReadOnlyDictionary<string, string> Environment,
    IReadOnlyDictionary<string, string> Sysctls);

/// <summary>What runs in place of a container image.</summary>
public enum NodeImage
{
    /// <summary>The host's own programs, nothing started but <c>cmd</c>.</summary>
    Host,

    /// <summary>The FRR that is installed on the host, its daemons started as <c>/etc/frr/daemons</c> says.</summary>
    Frr,
}

/// <summary>A file or directory of the host, seen by a node.</summary>
/// <param name="Source">Absolute path on the host.</param>
/// <param name="SourceIsDirectory">Whether the source is a directory.</param>
/// <param name="Destination">Absolute path in the node.</param>
/// <param name="IsReadOnly">Whether the node may only read.</param>
public sealed record Bind(string Source, bool SourceIsDirectory, string Destination, bool IsReadOnly);

/// <summary>A veth pair between two nodes.</summary>
/// <param name="A">One end.</param>
/// <param name="B">The other end.</param>
/// <param name="Mtu">Octets of payload, both ends.</param>
public sealed record Link(LinkEnd A, LinkEnd B, int Mtu);

/// <summary>One end of a link.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Interface">The interface's name in that node.</param>
public sealed record LinkEnd(string Node, string Interface);

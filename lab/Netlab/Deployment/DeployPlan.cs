using System.Globalization;
using AnycastVip.Netlab.Model;

namespace AnycastVip.Netlab.Deployment;

/// <summary>One thing to do to deploy a lab.</summary>
internal abstract record PlanStep
{
    /// <summary>Make the node's network namespace.</summary>
    public sealed record AddNamespace(string Node) : PlanStep
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Node}: namespace";
    }

    /// <summary>Run a command on the host; it must succeed.</summary>
    public sealed record OnHost(IReadOnlyList<string> Arguments) : PlanStep
    {
        /// <inheritdoc/>
        public override string ToString() => $"host: {string.Join(' ', Arguments)}";
    }

    /// <summary>Start the process that holds the node's mount, host name and process-id namespaces.</summary>
    public sealed record StartInit(string Node) : PlanStep
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Node}: init";
    }

    /// <summary>Run a command in the node; it must succeed.</summary>
    public sealed record InNode(string Node, IReadOnlyList<string> Arguments) : PlanStep
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Node}: {string.Join(' ', Arguments)}";
    }

    /// <summary>Start the node's long-running command.</summary>
    public sealed record StartCommand(string Node, IReadOnlyList<string> Arguments) : PlanStep
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Node} cmd: {string.Join(' ', Arguments)}";
    }

    /// <summary>
    /// Run one of the file's <c>exec</c> commands; a failure is reported and no more, as containerlab does.
    /// </summary>
    public sealed record Exec(string Node, IReadOnlyList<string> Arguments) : PlanStep
    {
        /// <inheritdoc/>
        public override string ToString() => $"{Node} exec: {string.Join(' ', Arguments)}";
    }
}

/// <summary>Says, without doing it, what makes a topology real.</summary>
internal static class DeployPlan
{
    /// <summary>Debian's script that starts watchfrr, which starts the daemons and gives them frr.conf.</summary>
    public const string FrrStartScript = "/usr/lib/frr/frrinit.sh";

    /// <summary>The steps in their order.</summary>
    public static IReadOnlyList<PlanStep> For(Topology topology) =>
    [
        .. topology.Nodes.SelectMany(node => Namespace(node, topology.NamespaceOf(node))),
        .. topology.Links.Select(link => AddLink(topology, link)),
        .. topology.Nodes.SelectMany(node => InterfacesUp(topology, node)),
        .. topology.Nodes.SelectMany(FileSystem),
        .. topology.Nodes.SelectMany(MainProcess),
        .. topology.Nodes.SelectMany(node => node.Exec.Select(arguments => new PlanStep.Exec(node.Name, arguments))),
    ];

    // Parameters come before the links, so that interfaces inherit those under net.*.conf.default.
    private static IEnumerable<PlanStep> Namespace(TopologyNode node, string name) =>
    [
        new PlanStep.AddNamespace(node.Name),
        .. node.Sysctls.Select(pair =>
            OnHost("ip", "netns", "exec", name, "sysctl", "--quiet", "--write", $"{pair.Key}={pair.Value}")),
    ];

    // Both ends are born in their namespaces: no name can collide with one of the host.
    private static PlanStep.OnHost AddLink(Topology topology, Link link)
    {
        var mtu = link.Mtu.ToString(CultureInfo.InvariantCulture);
        return OnHost(
            "ip", "link", "add", "name", link.A.Interface, "mtu", mtu, "netns", NamespaceOf(link.A),
            "type", "veth", "peer", "name", link.B.Interface, "mtu", mtu, "netns", NamespaceOf(link.B));

        string NamespaceOf(LinkEnd end) => topology.NamespaceOf(topology.FindNode(end.Node)!);
    }

    private static IEnumerable<PlanStep> InterfacesUp(Topology topology, TopologyNode node) =>
        topology.Links
            .SelectMany(link => new[] { link.A, link.B })
            .Where(end => end.Node == node.Name)
            .Select(end => end.Interface)
            .Prepend("lo")
            .Select(name => OnHost("ip", "-netns", topology.NamespaceOf(node), "link", "set", name, "up"));

    private static IEnumerable<PlanStep> FileSystem(TopologyNode node) =>
    [
        new PlanStep.StartInit(node.Name),
        InNode(node, "hostname", node.Name),
        // A sysfs shows the interfaces of the namespace in which it was mounted.
        InNode(node, "mount", "-t", "sysfs", "-o", "ro", "netlab", "/sys"),
        InNode(node, "mount", "-t", "tmpfs", "-o", "mode=0755", "netlab", NodeLayers.Volatile),
        .. NodeLayers.Of(node.Binds).SelectMany(directory => Layer(node, directory)),
        .. ImageFiles(node),
        .. node.Binds.SelectMany(bind => MountBind(node, bind)),
    ];

    private static IEnumerable<PlanStep> Layer(TopologyNode node, string directory)
    {
        var (upper, work) = NodeLayers.StoreOf(directory);
        return
        [
            InNode(node, "mkdir", "-p", upper, work),
            InNode(
                node, "mount", "-t", "overlay", "-o", $"lowerdir={directory},upperdir={upper},workdir={work}",
                "netlab", directory),
        ];
    }

    // What FRR's image would hold: an empty configuration directory (the host may run an FRR of its own) and a run
    // directory that the daemons, which drop root, can write.
    private static IEnumerable<PlanStep> ImageFiles(TopologyNode node) => node.Image switch
    {
        NodeImage.Frr =>
        [
            InNode(node, "mount", "-t", "tmpfs", "-o", "mode=0755", "netlab", "/etc/frr"),
            InNode(node, "install", "-d", "-o", "frr", "-g", "frr", "-m", "0755", "/run/frr"),
        ],
        _ => [],
    };

    private static IEnumerable<PlanStep> MountBind(TopologyNode node, Bind bind)
    {
        if (bind.SourceIsDirectory)
        {
            yield return InNode(node, "mkdir", "-p", bind.Destination);
        }
        else
        {
            yield return InNode(node, "mkdir", "-p", Path.GetDirectoryName(bind.Destination)!);
            yield return InNode(node, "touch", bind.Destination);
        }
        yield return InNode(node, "mount", "--bind", bind.Source, bind.Destination);
        // The kernel ignores "ro" in the call that makes a bind mount.
        if (bind.IsReadOnly)
            yield return InNode(node, "mount", "-o", "remount,bind,ro", bind.Destination);
    }

    private static IEnumerable<PlanStep> MainProcess(TopologyNode node) => node switch
    {
        { Command: { } arguments } => [new PlanStep.StartCommand(node.Name, arguments)],
        { Image: NodeImage.Frr } => [InNode(node, FrrStartScript, "start")],
        _ => [],
    };

    private static PlanStep.OnHost OnHost(params string[] arguments) => new(arguments);

    private static PlanStep.InNode InNode(TopologyNode node, params string[] arguments) => new(node.Name, arguments);
}

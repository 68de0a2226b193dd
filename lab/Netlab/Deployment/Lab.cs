using System.Diagnostics;
using AnycastVip.Netlab.Model;

namespace AnycastVip.Netlab.Deployment;

/// <summary>A deployed lab.</summary>
public sealed class Lab
{
    private readonly LabState _state;

    private Lab(Topology topology, LabState state, IReadOnlyList<CommandResult> failedExecs)
    {
        Topology = topology;
        _state = state;
        FailedExecs = failedExecs;
    }

    /// <summary>What was deployed.</summary>
    public Topology Topology { get; }

    /// <summary>
    /// The topology's <c>exec</c> commands that failed while it was deployed; empty for an opened lab.
    /// </summary>
    public IReadOnlyList<CommandResult> FailedExecs { get; }

    /// <summary>The names of all labs that netlab has deployed on this machine.</summary>
    public static IReadOnlyList<string> DeployedNames() => LabState.DeployedNames();

    /// <summary>Makes a topology real; what was made is removed again when that fails.</summary>
    /// <exception cref="NetlabException">
    /// It is deployed already, a foreign namespace is in the way, or a step failed.
    /// </exception>
    public static async Task<Lab> DeployAsync(Topology topology, CancellationToken cancellation = default)
    {
        RequireHost(topology);
        var empty = new LabState(topology.Name, []);
        if (!empty.TryCreate())
        {
            throw new NetlabException(
                $"lab '{topology.Name}' is deployed already: destroy it first, or deploy with --reconfigure");
        }
        var deployer = new Deployer(topology, empty);
        try
        {
            await deployer.RunAsync(DeployPlan.For(topology), cancellation);
        }
        catch
        {
            await Destroyer.RunAsync(deployer.State, CancellationToken.None);
            throw;
        }
        return new Lab(topology, deployer.State, deployer.FailedExecs);
    }

    /// <summary>A lab that was deployed before, perhaps by another process.</summary>
    /// <exception cref="NetlabException">It is not deployed.</exception>
    public static Lab Open(Topology topology) => LabState.Find(topology.Name) is { } state
        ? new Lab(topology, state, [])
        : throw new NetlabException($"lab '{topology.Name}' is not deployed");

    /// <summary>Removes a lab; false when none of that name is deployed.</summary>
    /// <exception cref="NetlabException">Something could not be removed; it may be tried again.</exception>
    public static async Task<bool> DestroyAsync(string name, CancellationToken cancellation = default)
    {
        if (LabState.Find(name) is not { } state)
            return false;
        RequireRoot();
        await Destroyer.RunAsync(state, cancellation);
        return true;
    }

    /// <summary>Removes this lab.</summary>
    public Task<bool> DestroyAsync(CancellationToken cancellation = default) =>
        DestroyAsync(Topology.Name, cancellation);

    /// <summary>Runs a command in a node to its end.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="arguments">The program and its arguments; no shell reads them.</param>
    /// <param name="cancellation">Ends the command.</param>
    /// <exception cref="NetlabException">There is no such node, or it does not run.</exception>
    public Task<CommandResult> ExecAsync(
        string node, IReadOnlyList<string> arguments, CancellationToken cancellation = default) =>
        Subprocess.RunAsync([.. EntranceOf(node), .. arguments], EnvironmentOf(node), cancellation);

    /// <summary>Starts a long-running process in a node. It ends with this program's wish, or with the lab.</summary>
    /// <inheritdoc cref="ExecAsync"/>
    public Task<NodeProcess> StartAsync(
        string node, IReadOnlyList<string> arguments, CancellationToken cancellation = default) =>
        NodeProcess.StartAsync([.. EntranceOf(node), .. arguments], EnvironmentOf(node), cancellation);

    /// <summary>Looks at every node.</summary>
    public async Task<IReadOnlyList<NodeStatus>> InspectAsync(CancellationToken cancellation = default)
    {
        var nodes = new List<NodeStatus>();
        foreach (var node in _state.Nodes)
            nodes.Add(await NodeStatus.ReadAsync(Topology, node, cancellation));
        return nodes;
    }

    /// <summary>Starts a command in a node on this program's own terminal.</summary>
    internal Process StartHere(string node, IReadOnlyList<string> arguments) =>
        Subprocess.Start([.. EntranceOf(node), .. arguments], EnvironmentOf(node), capture: false);

    /// <summary>What must stand before a command so that it runs in the node.</summary>
    internal static IReadOnlyList<string> Entrance(NodeState node) =>
        ["nsenter", $"--target={node.InitPid}", "--mount", "--uts", "--pid", "--net", "--"];

    private IReadOnlyList<string> EntranceOf(string name)
    {
        var node = _state.Nodes.FirstOrDefault(candidate => candidate.Name == name)
            ?? throw new NetlabException($"lab '{Topology.Name}' has no node '{name}'");
        return node.IsRunning
            ? Entrance(node)
            : throw new NetlabException($"node '{name}' of lab '{Topology.Name}' does not run any more");
    }

    private IReadOnlyDictionary<string, string> EnvironmentOf(string node) =>
        Topology.FindNode(node)?.Environment ?? new Dictionary<string, string>();

    private static void RequireHost(Topology topology)
    {
        RequireRoot();
        if (topology.Nodes.Any(node => node.Image == NodeImage.Frr) && !File.Exists(DeployPlan.FrrStartScript))
            throw new NetlabException("FRR is not installed: run 'lab/install-packages frr'");
    }

    private static void RequireRoot()
    {
        if (!Environment.IsPrivilegedProcess)
            throw new NetlabException("only root can make and remove network namespaces");
    }
}

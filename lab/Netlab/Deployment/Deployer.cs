using AnycastVip.Netlab.Model;

namespace AnycastVip.Netlab.Deployment;

/// <summary>Carries out a plan.</summary>
/// <param name="topology">The lab.</param>
/// <param name="empty">Its state, already on disk, without nodes.</param>
internal sealed class Deployer(Topology topology, LabState empty)
{
    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(30);
    private static readonly Dictionary<string, string> NoEnvironment = [];

    // A child that nobody waits for is reaped by the kernel when its parent ignores SIGCHLD: no zombies in the node.
    private static readonly string[] InitCommand = ["env", "--ignore-signal=CHLD", "sleep", "infinity"];

    private readonly List<CommandResult> _failedExecs = [];

    /// <summary>The state with all that was made; the same as on disk.</summary>
    public LabState State { get; private set; } = empty;

    /// <summary>The commands of <c>exec</c> that failed.</summary>
    public IReadOnlyList<CommandResult> FailedExecs => _failedExecs;

    /// <summary>Does all steps; the first that fails ends it.</summary>
    /// <exception cref="NetlabException">A step failed.</exception>
    public async Task RunAsync(IEnumerable<PlanStep> plan, CancellationToken cancellation)
    {
        foreach (var step in plan)
            await RunAsync(step, cancellation);
    }

    private async Task RunAsync(PlanStep step, CancellationToken cancellation)
    {
        switch (step)
        {
            case PlanStep.AddNamespace add:
                await AddNamespaceAsync(add.Node, cancellation);
                break;
            case PlanStep.OnHost host:
                await Subprocess.RunCheckedAsync(host.Arguments, NoEnvironment, StepTimeout, cancellation);
                break;
            case PlanStep.StartInit init:
                await StartInitAsync(init.Node, cancellation);
                break;
            case PlanStep.InNode inside:
                await Subprocess.RunCheckedAsync(
                    EnterWith(inside.Node, inside.Arguments), EnvironmentOf(inside.Node), StepTimeout, cancellation);
                break;
            case PlanStep.StartCommand start:
                StartCommand(start.Node, start.Arguments);
                break;
            case PlanStep.Exec exec:
                var result = await Subprocess.RunAsync(
                    EnterWith(exec.Node, exec.Arguments), EnvironmentOf(exec.Node), cancellation);
                if (result.ExitCode != 0)
                    _failedExecs.Add(result);
                break;
        }
    }

    // The node is in the state before its namespace exists, so that a crash leaves none unknown; and not when the
    // namespace could not be made, since then one of that name is another's and must not be destroyed.
    private async Task AddNamespaceAsync(string nodeName, CancellationToken cancellation)
    {
        var node = new NodeState(nodeName, topology.NamespaceOf(topology.FindNode(nodeName)!));
        if (Destroyer.Exists(node.Namespace))
        {
            throw new NetlabException(
                $"the network namespace '{node.Namespace}' is there already and not of netlab's making: "
                    + "remove it, or give the lab another name or prefix");
        }
        var without = State;
        Save(State with { Nodes = [.. State.Nodes, node] });
        try
        {
            await Subprocess.RunCheckedAsync(
                ["ip", "netns", "add", node.Namespace], NoEnvironment, StepTimeout, cancellation);
        }
        catch (NetlabException)
        {
            Save(without);
            throw;
        }
    }

    private async Task StartInitAsync(string nodeName, CancellationToken cancellation)
    {
        var node = StateOf(nodeName);
        // Its own session, so that a Ctrl-C meant for netlab does not reach the lab. unshare itself stays out of the
        // network namespace: destroy leaves it alone, and it ends when it has reaped init.
        using var holder = Subprocess.Start(
            [
                "setsid", "unshare", "--mount", "--uts", "--pid", "--fork", "--mount-proc",
                "nsenter", $"--net=/run/netns/{node.Namespace}", .. InitCommand,
            ],
            NoEnvironment,
            capture: true);
        var pid = await Polling.UntilAsync(
            () => ProcessFiles.FirstChild(holder.Id) is { } child && ProcessFiles.Name(child) == InitCommand[2]
                ? child
                : (int?)null,
            StepTimeout,
            $"the namespaces of node '{nodeName}'",
            cancellation);
        var started = node with { InitPid = pid, InitStartTime = ProcessFiles.StartTime(pid) ?? 0 };
        Save(State with { Nodes = [.. State.Nodes.Select(other => other == node ? started : other)] });
    }

    private void Save(LabState state)
    {
        State = state;
        state.Save();
    }

    private void StartCommand(string nodeName, IReadOnlyList<string> arguments)
    {
        var log = LabState.LogOf(topology.Name, nodeName);
        // Only a shell can send a program's output to a file; this one gets its words as arguments, never as text.
        using var process = Subprocess.Start(
            ["setsid", "sh", "-c", "exec \"$@\" >>\"$0\" 2>&1", log, .. EnterWith(nodeName, arguments)],
            EnvironmentOf(nodeName),
            capture: true);
    }

    private IReadOnlyList<string> EnterWith(string node, IReadOnlyList<string> arguments) =>
        [.. Lab.Entrance(StateOf(node)), .. arguments];

    private NodeState StateOf(string node) => State.Nodes.First(candidate => candidate.Name == node);

    private IReadOnlyDictionary<string, string> EnvironmentOf(string node) => topology.FindNode(node)!.Environment;
}

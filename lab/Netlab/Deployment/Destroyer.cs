using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Netlab.Deployment;

/// <summary>
/// Removes a lab: every process in its namespaces, the namespaces with their links and mounts, its state.
/// </summary>
internal static class Destroyer
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly Dictionary<string, string> NoEnvironment = [];

    /// <summary>Removes what is there; parts that are gone already are no fault.</summary>
    /// <exception cref="NetlabException">Something could not be removed.</exception>
    public static async Task RunAsync(LabState state, CancellationToken cancellation)
    {
        var namespaces = state.Nodes.Select(node => node.Namespace).Where(Exists).ToList();
        foreach (var name in namespaces)
            await KillAllAsync(name, cancellation);
        foreach (var name in namespaces)
            await RunAsync(["ip", "netns", "delete", name], cancellation);
        LabState.Delete(state.Name);
    }

    /// <summary>Whether there is a network namespace of that name, whoever made it.</summary>
    public static bool Exists(string name) => File.Exists($"/run/netns/{name}");

    // The list is read again until it is empty: a process may fork while the list is worked off. Init is among them,
    // and with it dies every process of the node, wherever it moved its network to.
    private static async Task KillAllAsync(string name, CancellationToken cancellation)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (await ProcessesIn(name, cancellation) is { Count: > 0 } pids)
        {
            foreach (var pid in pids)
                Kill(pid);
            if (TimeProvider.System.GetElapsedTime(start) > Timeout)
                throw new NetlabException($"processes in namespace '{name}' do not die: {string.Join(' ', pids)}");
        }
    }

    private static async Task<IReadOnlyList<int>> ProcessesIn(string name, CancellationToken cancellation)
    {
        var result = await RunAsync(["ip", "netns", "pids", name], cancellation);
        return [.. result.Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }

    private static void Kill(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
        }
        catch (ArgumentException)
        {
            // It ended after the list was read.
        }
    }

    private static Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation) =>
        Subprocess.RunCheckedAsync(arguments, NoEnvironment, Timeout, cancellation);
}

using System.Diagnostics;

namespace AnycastVip.Bench.Node;

/// <summary>
/// A network namespace of our own: nobody else's traffic, no port that is taken. A PID namespace with it lets the
/// kernel end whatever a measurement has started, however it ends.
/// </summary>
internal static class OwnNetwork
{
    /// <summary>The node's address towards the collector.</summary>
    public const string NodeAddress = "192.0.2.1";

    /// <summary>The collector's, and the clients': one of the node's own would not count as a client's.</summary>
    public const string PeerAddress = "192.0.2.2";

    private const string Variable = "ANYCASTVIP_BENCH_NETWORK";

    /// <summary>Runs a measurement in its own network.</summary>
    /// <param name="arguments">This program's, with which it is started again there.</param>
    /// <param name="measure">The measurement; it returns the exit code.</param>
    public static async Task<int> RunAsync(string[] arguments, Func<Task<int>> measure)
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
            return await EnterAsync(arguments);
        await RunToolAsync("ip", "link", "set", "lo", "up");
        await RunToolAsync("ip", "address", "add", $"{NodeAddress}/32", "dev", "lo");
        await RunToolAsync("ip", "address", "add", $"{PeerAddress}/32", "dev", "lo");
        return await measure();
    }

    private static async Task<int> EnterAsync(string[] arguments)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            await Console.Error.WriteLineAsync("This measurement needs root: it makes a network namespace.");
            return 2;
        }
        var start = new ProcessStartInfo(
            "unshare",
            ["--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--", Environment.ProcessPath!, .. arguments]);
        start.Environment[Variable] = "1";
        using var inside = Process.Start(start)!;
        await inside.WaitForExitAsync();
        return inside.ExitCode;
    }

    /// <summary>Runs a program that must succeed.</summary>
    public static async Task RunToolAsync(string file, params string[] arguments)
    {
        using var tool = Process.Start(file, arguments);
        await tool.WaitForExitAsync();
        if (tool.ExitCode != 0)
            throw new InvalidOperationException($"{file} {string.Join(' ', arguments)}: exit code {tool.ExitCode}");
    }
}

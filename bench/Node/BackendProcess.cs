using System.Diagnostics;

namespace AnycastVip.Bench.Node;

/// <summary>All backends of a node in one process, so that they die at once.</summary>
internal sealed class BackendProcess : IDisposable
{
    public const string Command = "failover-backends";

    private readonly Process _process;

    private BackendProcess(Process process) => _process = process;

    /// <summary>Starts it; it listens on 127.0.0.1 when this ends.</summary>
    public static async Task<BackendProcess> StartAsync(IEnumerable<int> ports)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Command, string.Join(',', ports)])
        {
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        if (await process.StandardOutput.ReadLineAsync() is null)
            throw new InvalidOperationException("The backends do not listen.");
        return new(process);
    }

    /// <summary>What the process does: it serves until it is killed.</summary>
    public static async Task<int> RunAsync(string ports)
    {
        await using var targets = new CheckTargets([.. ports.Split(',').Select(int.Parse)]);
        Console.WriteLine("listening");
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    /// <summary>Ends it with SIGKILL.</summary>
    /// <returns>The timestamp (<see cref="Stopwatch"/>) just before.</returns>
    public async Task<long> KillAsync()
    {
        var at = Stopwatch.GetTimestamp();
        _process.Kill();
        await _process.WaitForExitAsync();
        return at;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using AnycastVip.Vipd.Supervision;

namespace AnycastVip.Vipd.Tests.Processes;

/// <summary>The real program as a process of its own, and what it has logged.</summary>
internal class VipdProcess : IDisposable
{
    /// <summary>No step of a test takes this long unless it hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    /// <param name="command">Which of its commands.</param>
    /// <param name="configuration">The configuration file.</param>
    /// <param name="environment">In addition to the test's own.</param>
    public VipdProcess(string command, string configuration, params (string Name, string Value)[] environment)
    {
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "vipd.dll"), command, "--config", configuration];
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>What it and its processes logged.</summary>
    public IReadOnlyList<string> Log => [.. _lines];

    /// <summary>The lines of the log that hold all of these texts.</summary>
    public IEnumerable<string> Find(params string[] texts) =>
        Log.Where(line => texts.All(text => line.Contains(text, StringComparison.Ordinal)));

    /// <summary>Waits until a line with this text was logged so many times.</summary>
    public Task Logged(string text, int times = 1) => Poll.Until(
        () => string.Join('\n', Log), _ => Find(text).Count() >= times, Patience, $"it logs '{text}' {times} times");

    /// <summary>Sends it a signal.</summary>
    public void Send(SignalNumber signal) => Signal.Send(Pid, signal);

    /// <summary>Waits for its end and returns its exit code.</summary>
    public async Task<int> End()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken)
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        // Its processes die with it.
        _process.Kill();
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is not null)
            _lines.Enqueue(line);
    }
}

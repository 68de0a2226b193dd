using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using AnycastVip.Vipd.Supervision;

namespace AnycastVip.Vipd.Tests.Supervision;

/// <summary>The real program, started as <c>vipd run</c>.</summary>
internal sealed partial class VipdRun : IDisposable
{
    /// <summary>No step of a test takes this long unless it hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>Starts it with a node whose sockets are in <paramref name="directory"/>.</summary>
    public VipdRun(string directory)
    {
        _process = Start("run", directory);
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>What it and its processes logged.</summary>
    public IReadOnlyList<string> Log => [.. _lines];

    /// <summary>The ids of the speakers that it started, oldest first.</summary>
    public IReadOnlyList<int> Speakers =>
        [.. Log.Select(line => SpeakerStarted().Match(line)).Where(match => match.Success)
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    /// <summary>Starts a command of the program with its output redirected.</summary>
    public static Process Start(string command, string directory, params (string Name, string Value)[] environment)
    {
        var file = Path.Combine(directory, "node.yaml");
        File.WriteAllText(file, $$"""
            version: 1
            node: {name: n1, asn: 65001, routerId: 10.0.0.1}
            api: {directory: {{directory}}}
            speaker: {listen: []}
            """);
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "vipd.dll"), command, "--config", file];
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits until a line with this text was logged so many times.</summary>
    public Task Logged(string text, int times = 1) => Poll.Until(
        () => Log,
        log => log.Count(line => line.Contains(text, StringComparison.Ordinal)) >= times,
        Patience,
        $"it logs '{text}' {times} times");

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

    [GeneratedRegex(@" speaker: started \(pid (\d+)\)$")]
    private static partial Regex SpeakerStarted();
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Vipd.Tests.Processes;

/// <summary>The built <c>vipd speaker</c> as a process of its own, and what it has logged.</summary>
internal sealed class RunningSpeaker : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> _log = new();
    private readonly Process _process;

    public RunningSpeaker(string configuration)
    {
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "dotnet",
                [Path.Combine(AppContext.BaseDirectory, "vipd.dll"), "speaker", "--config", configuration])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += Take;
        _process.ErrorDataReceived += Take;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has logged, line by line.</summary>
    public IReadOnlyList<string> Log => [.. _log];

    /// <summary>The lines that hold all of these texts.</summary>
    public IEnumerable<string> Find(params string[] texts) =>
        Log.Where(line => texts.All(text => line.Contains(text, StringComparison.Ordinal)));

    /// <summary>Waits until so many lines hold a text.</summary>
    public Task WaitForAsync(string text, int count = 1) => Poll.Until(
        () => string.Join('\n', Log), _ => Find(text).Count() >= count, Bound, $"{count} lines hold \"{text}\"");

    /// <summary>Sends it a signal, such as HUP.</summary>
    public async Task SignalAsync(string signal)
    {
        var id = _process.Id.ToString(CultureInfo.InvariantCulture);
        using var kill = Process.Start("kill", [$"-{signal}", id]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Stops it as systemd would.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Bound);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private void Take(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is { } text)
            _log.Enqueue(text);
    }
}

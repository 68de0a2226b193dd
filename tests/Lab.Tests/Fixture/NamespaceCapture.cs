using System.Diagnostics;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>
/// Captures what comes into a network namespace that somebody else makes and removes, for as long as it is there, and
/// again when it comes back.
/// </summary>
/// <param name="name">The namespace's name.</param>
/// <param name="filter">In tcpdump's language.</param>
internal sealed class NamespaceCapture(string name, string filter) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly TemporaryDirectory _directory = new();

    /// <summary>Captures until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (var number = 1; !stop.IsCancellationRequested; number++)
        {
            while (!File.Exists($"/run/netns/{name}") && !stop.IsCancellationRequested)
                await Task.Delay(Interval, TimeProvider.System, CancellationToken.None);
            if (!stop.IsCancellationRequested)
                await CaptureAsync(Path.Combine(_directory.Path, $"{number}.pcap"), stop);
        }
    }

    /// <summary>What tshark makes of all that was captured.</summary>
    public async Task<IReadOnlyList<CaptureVerdict>> JudgeAsync()
    {
        var verdicts = new List<CaptureVerdict>();
        foreach (var file in Directory.EnumerateFiles(_directory.Path))
            verdicts.Add(await CaptureVerdict.ReadAsync(file));
        return verdicts;
    }

    public void Dispose() => _directory.Dispose();

    // Ends with the namespace, since the lab's end takes every process in it along. What a packet brought is in the
    // file at once.
    private async Task CaptureAsync(string file, CancellationToken stop)
    {
        using var tcpdump = Process.Start(new ProcessStartInfo(
            "ip",
            [
                "netns", "exec", name, "tcpdump", "--interface=any", "--direction=in", "--packet-buffered",
                "--relinquish-privileges=root", "-w", file, filter,
            ])
        { RedirectStandardError = true })!;
        var error = tcpdump.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await tcpdump.WaitForExitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            tcpdump.Kill();
        }
        await error;
    }
}

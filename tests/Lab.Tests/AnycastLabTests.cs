using System.Diagnostics;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>The main job as a user starts it.</summary>
public sealed class AnycastLabTests(ITestOutputHelper output)
{
    // It takes two minutes; a busy machine makes it try again what was too slow.
    private const string Bound = "8m";

    // What the nodes send to their ToRs, and nothing of what the core does: it is 10.0.X.0/24 and 2001:db8:0:X::/64.
    private const string FromNodes = "tcp port 179 and not (src net 10.0.0.0/16 or src net 2001:db8::/48)";

    private static readonly string[] Routers = ["clab-anycast-tor1", "clab-anycast-tor2", "clab-anycast-tor3"];

    [Fact]
    public async Task The_two_site_lab_spreads_its_clients_and_passes_every_drill()
    {
        TestTopology.RequireLab();
        var captures = Routers.Select(router => new NamespaceCapture(router, FromNodes)).ToList();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var capturing = Task.WhenAll(captures.Select(capture => capture.RunAsync(end.Token)));
        try
        {
            await RunLabAsync();
        }
        finally
        {
            await end.CancelAsync();
            await capturing;
        }
        foreach (var capture in captures)
        {
            AssertWellFormed(await capture.JudgeAsync());
            capture.Dispose();
        }
    }

    private async Task RunLabAsync()
    {
        var start = new ProcessStartInfo(
            "timeout", ["--kill-after=30s", Bound, Path.Combine(TestTopology.LabDirectory, "run")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        using var run = Process.Start(start)!;
        var shown = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);

        output.WriteLine(await shown);
        output.WriteLine(await error);
        Assert.Equal(0, run.ExitCode);
    }

    private void AssertWellFormed(IReadOnlyList<CaptureVerdict> verdicts)
    {
        var updates = verdicts.Sum(verdict => verdict.Updates);
        output.WriteLine($"tshark has read {updates} UPDATEs of the nodes");
        Assert.NotEqual(0, updates);
        Assert.Empty(verdicts.SelectMany(verdict => verdict.Complaints));
    }
}

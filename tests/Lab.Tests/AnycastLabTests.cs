using System.Diagnostics;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>The main job as a user starts it.</summary>
public sealed class AnycastLabTests(ITestOutputHelper output)
{
    // It takes two minutes; a busy machine makes it try again what was too slow.
    private const string Bound = "8m";

    [Fact]
    public async Task The_two_site_lab_spreads_its_clients_and_passes_every_drill()
    {
        TestTopology.RequireLab();
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
}

using AnycastVip.Netlab.Deployment;
using AnycastVip.Netlab.Model;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>
/// A lab in which all BGP that <c>router1</c> receives is captured, and judged by tshark when the lab ends: a message
/// of ours that it finds fault with fails the run.
/// </summary>
internal sealed class ObservedLab
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory;
    private readonly NodeProcess _capture;

    private ObservedLab(DeployedLab lab, TemporaryDirectory directory, NodeProcess capture) =>
        (Lab, _directory, _capture) = (lab, directory, capture);

    /// <summary>The lab.</summary>
    public DeployedLab Lab { get; }

    /// <summary>Deploys a lab and waits until its capture listens.</summary>
    public static async Task<ObservedLab> DeployAsync(Topology topology)
    {
        var lab = await TestTopology.DeployAsync(topology);
        var directory = new TemporaryDirectory();
        var capture = await lab.StartAsync(
            "router1",
            [
                "tcpdump", "--interface=any", "--direction=in", "--packet-buffered", "--relinquish-privileges=root",
                "-w", FileIn(directory), "tcp port 179",
            ]);
        await Poll.Until(
            () => capture.HasExited || capture.Output.Any(line => line.Contains("listening", StringComparison.Ordinal)),
            ready => ready,
            Timeout,
            "tcpdump listens");
        Assert.False(capture.HasExited, $"tcpdump: {string.Join('\n', capture.Output)}");
        return new ObservedLab(lab, directory, capture);
    }

    /// <summary>What tshark makes of all that was captured so far.</summary>
    public Task<CaptureVerdict> JudgeAsync() => CaptureVerdict.ReadAsync(FileIn(_directory));

    /// <summary>Ends the capture, judges it, and removes the lab.</summary>
    public async Task EndAsync()
    {
        try
        {
            await _capture.SignalAsync("TERM");
            await _capture.WaitForExitAsync();
            var verdict = await JudgeAsync();
            Assert.True(
                verdict.Complaints.Count == 0,
                $"tshark complains of what we sent in {Lab.Topology.Name}:\n{string.Join('\n', verdict.Complaints)}");
            // Each session begins with an End-of-RIB at least: without one, nothing was judged.
            Assert.True(verdict.Updates > 0 || verdict.Opens == 0, $"{verdict.Opens} OPENs, but no UPDATE captured");
        }
        finally
        {
            _capture.Dispose();
            await Lab.DestroyAsync();
            _directory.Dispose();
        }
    }

    private static string FileIn(TemporaryDirectory directory) => Path.Combine(directory.Path, "bgp.pcap");
}

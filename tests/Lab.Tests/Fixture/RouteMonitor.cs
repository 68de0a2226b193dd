using System.Globalization;
using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>When routes came and went in a router's kernel: <c>ip -ts monitor route</c>.</summary>
internal sealed class RouteMonitor : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private const string Probe = "198.18.0.0/15";

    private readonly NodeProcess _process;

    private RouteMonitor(NodeProcess process) => _process = process;

    /// <summary>Starts, and waits until it listens: it must see a route of its own.</summary>
    public static async Task<RouteMonitor> StartAsync(FrrRouter router)
    {
        var monitor = new RouteMonitor(await router.StartProcess("stdbuf", "-oL", "ip", "-ts", "monitor", "route"));
        await Poll.Until(
            async () =>
            {
                await router.Run("ip", "route", "replace", "blackhole", Probe);
                await router.Run("ip", "route", "del", "blackhole", Probe);
                return monitor._process.Output.Any(line => line.Contains(Probe, StringComparison.Ordinal));
            },
            sees => sees,
            Timeout,
            "ip monitor listens");
        return monitor;
    }

    /// <summary>When a prefix left the kernel for the first time after a moment.</summary>
    public async Task<DateTimeOffset> DeletedAsync(string prefix, DateTimeOffset after)
    {
        // The kernel's tools leave the length of a host route out.
        var address = prefix.Split('/')[0];
        var times = await Poll.Until(
            () => Deletions(address).FindAll(at => at >= after),
            found => found.Count > 0,
            Timeout,
            $"{prefix} has left the kernel");
        return times[0];
    }

    public void Dispose() => _process.Dispose();

    // A line "Timestamp: Sun Nov 22 16:25:17 2026 123456 usec" stands before each change.
    private List<DateTimeOffset> Deletions(string address)
    {
        var times = new List<DateTimeOffset>();
        var at = default(DateTimeOffset);
        foreach (var line in _process.Output)
        {
            if (line.StartsWith('['))
                at = DateTimeOffset.Parse(
                    line.AsSpan(1, line.IndexOf(']', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeLocal);
            if (line.Contains($"Deleted {address} ", StringComparison.Ordinal))
                times.Add(at);
        }
        return times;
    }
}

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
    public static async Task<RouteMonitor> StartAsync(LabNode router)
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

    /// <summary>Every change of a prefix's routes after a moment, deletions included.</summary>
    public IReadOnlyList<(DateTimeOffset At, string Text)> Changes(string prefix, DateTimeOffset after)
    {
        var address = prefix.Split('/')[0];
        return Lines().Where(line => line.At >= after
            && (line.Text.StartsWith($"{address} ", StringComparison.Ordinal)
                || line.Text.StartsWith($"Deleted {address} ", StringComparison.Ordinal))).ToList();
    }

    public void Dispose() => _process.Dispose();

    private List<DateTimeOffset> Deletions(string address) =>
        [.. Lines().Where(line => line.Text.StartsWith($"Deleted {address} ", StringComparison.Ordinal))
            .Select(line => line.At)];

    // "[2026-11-22T16:25:17.123456] Deleted 203.0.113.50 nhid …"; the next hops of several paths follow in more lines.
    private IEnumerable<(DateTimeOffset At, string Text)> Lines()
    {
        var at = default(DateTimeOffset);
        foreach (var line in _process.Output)
        {
            var end = line.StartsWith('[') ? line.IndexOf(']', StringComparison.Ordinal) : -1;
            if (end > 0)
                at = DateTimeOffset.Parse(
                    line.AsSpan(1, end - 1), CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal);
            yield return (at, line[(end + 1)..].TrimStart());
        }
    }
}

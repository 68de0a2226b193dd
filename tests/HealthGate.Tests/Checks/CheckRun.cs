using System.Collections.Concurrent;
using AnycastVip.HealthGate.Checks;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Checks;

/// <summary>Runs a probe in a scheduler, on real time, as a node does.</summary>
internal static class CheckRun
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The first result.</summary>
    public static async Task<CheckResult> OnceAsync(IProbe probe, TimeSpan timeout)
    {
        var reports = new ConcurrentQueue<CheckReport>();
        var settings = new CheckSettings
        {
            Interval = TimeSpan.FromMilliseconds(1),
            FastInterval = TimeSpan.FromMilliseconds(1),
            Timeout = timeout,
            StaleAfter = TimeSpan.FromHours(1),
        };
        await using var scheduler = new CheckScheduler(TimeProvider.System, 1, reports.Enqueue);
        scheduler.Add(new("check", settings, probe, 1));
        await Poll.Until(() => reports.Count, count => count > 0, Patience, "the check has a result");
        return reports.First().State.Last!;
    }

    /// <summary>With a time-out that nothing but a hung target reaches.</summary>
    public static Task<CheckResult> OnceAsync(IProbe probe) => OnceAsync(probe, Patience);
}

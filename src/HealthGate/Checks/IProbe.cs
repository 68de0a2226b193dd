using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Checks;

/// <summary>What a probe found.</summary>
/// <param name="IsOk">The target did what the check asks for.</param>
/// <param name="Reason">One line: "HTTP 503, not 200-299".</param>
/// <param name="ExitCode">Of a script that ended by itself.</param>
public sealed record ProbeOutcome(bool IsOk, string Reason, int? ExitCode = null);

/// <summary>Asks one target once, again and again.</summary>
public interface IProbe
{
    /// <summary>
    /// Asks. An exception is a failed run with its message as reason, so that a probe has no errors of its own to
    /// report. Must not block: it is called from the loop of all checks.
    /// </summary>
    /// <param name="timeout">Cancelled at the run's time-out. Nothing that the run began may outlive it.</param>
    Task<ProbeOutcome> ProbeAsync(CancellationToken timeout);
}

/// <summary>A check as the <see cref="CheckScheduler"/> runs it.</summary>
/// <param name="Name">Unique in the scheduler.</param>
/// <param name="Settings">When it runs and how results count; valid ones.</param>
/// <param name="Probe">What it asks.</param>
/// <param name="Seed">Spreads the first runs: different for each check.</param>
public sealed record CheckTarget(string Name, CheckSettings Settings, IProbe Probe, ulong Seed);

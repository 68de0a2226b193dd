namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Passive ejection of one backend, for the time in which no gate decides: after several failed attempts in a row it is
/// passed over for a while, the longer the more often this happened since its last success. The terms are those of
/// Envoy's outlier detection. The default value is a backend in health.
/// </summary>
/// <param name="Failures">Consecutive failures since the last success or ejection.</param>
/// <param name="Times">Ejections since the last success.</param>
/// <param name="Until">The last ejection's end; null: there was none.</param>
internal readonly record struct Ejection(int Failures, int Times, TimeSpan? Until)
{
    /// <summary>So many failures in a row eject a backend.</summary>
    public const int ConsecutiveFailures = 5;

    /// <summary>How long the first ejection lasts; each further one lasts so much longer.</summary>
    public static readonly TimeSpan BaseTime = TimeSpan.FromSeconds(30);

    /// <summary>The longest ejection.</summary>
    public static readonly TimeSpan MaximumTime = TimeSpan.FromMinutes(5);

    /// <summary>Whether one more may be ejected: at most half of those that serve, so never the last.</summary>
    public static bool AllowsOneMore(int ejected, int serving) => 2 * (ejected + 1) <= serving;

    /// <summary>Whether the backend is passed over.</summary>
    public bool IsInForce(TimeSpan now) => now < Until;

    /// <summary>After one more failed attempt. A success makes it the default value again.</summary>
    /// <param name="now">When it failed.</param>
    /// <param name="isAllowed">Whether the backend may be ejected.</param>
    public Ejection AfterFailure(TimeSpan now, bool isAllowed)
    {
        // Attempts from before an ejection may fail during it: they tell nothing new.
        if (IsInForce(now))
            return this;
        if (Failures + 1 < ConsecutiveFailures || !isAllowed)
            return this with { Failures = Math.Min(Failures + 1, ConsecutiveFailures) };
        var time = Times + 1 < MaximumTime / BaseTime ? (Times + 1) * BaseTime : MaximumTime;
        return new(0, Times + 1, now + time);
    }
}

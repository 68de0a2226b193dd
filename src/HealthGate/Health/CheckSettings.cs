namespace AnycastVip.HealthGate.Health;

/// <summary>When a check runs and how many results it takes to believe it. Terms are HAProxy's.</summary>
public sealed record CheckSettings
{
    /// <summary>From the start of a run to the start of the next.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The same while the verdict is changing or not known; at most <see cref="Interval"/>.</summary>
    public TimeSpan FastInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long one run may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Successes in a row that make it passing, from 1.</summary>
    public int Rise { get; init; } = 2;

    /// <summary>Failures in a row that make it failing, from 1.</summary>
    public int Fall { get; init; } = 3;

    /// <summary>
    /// The verdict of a run counts for so long from the run's start; without a newer one the check is stale, which is
    /// unhealthy. More than <see cref="Interval"/> and <see cref="Timeout"/> together.
    /// </summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What is wrong with the settings, in one line; null: nothing.</summary>
    public string? Validate() => this switch
    {
        { Rise: < 1 } or { Fall: < 1 } => "rise and fall start at 1",
        _ when FastInterval <= TimeSpan.Zero || Timeout <= TimeSpan.Zero => "fast interval and timeout are positive",
        _ when FastInterval > Interval => "the fast interval is longer than the interval",
        _ when StaleAfter <= Interval + Timeout => "the stale bound is not longer than interval and timeout together",
        _ => null,
    };
}

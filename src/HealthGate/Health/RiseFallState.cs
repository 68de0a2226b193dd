namespace AnycastVip.HealthGate.Health;

/// <summary>What a check says of its target.</summary>
public enum CheckVerdict
{
    /// <summary>Not enough results yet.</summary>
    Unknown,

    /// <summary>Healthy.</summary>
    Passing,

    /// <summary>Unhealthy.</summary>
    Failing,

    /// <summary>No result within the stale bound: unhealthy.</summary>
    Stale,
}

/// <summary>A check between two inputs. Times are since the shell's origin, timers are deadlines.</summary>
public sealed record RiseFallState
{
    /// <summary>When it runs and how it counts.</summary>
    public required CheckSettings Settings { get; init; }

    /// <summary>What the check says.</summary>
    public CheckVerdict Verdict { get; init; }

    /// <summary>Why, in one line.</summary>
    public string Reason { get; init; } = "no result yet";

    /// <summary>When the verdict was reached.</summary>
    public required TimeSpan Since { get; init; }

    /// <summary>
    /// HAProxy's one counter, 0 to rise + fall - 1. Below rise: successes in a row of a target that is not passing.
    /// From rise on: passing, and the distance to the top is the failures in a row.
    /// </summary>
    public int Counter { get; init; }

    /// <summary>The number of the last run, from 1; results of others are dropped.</summary>
    public long Run { get; init; }

    /// <summary>True while the last run has neither ended nor been given up.</summary>
    public bool IsRunning { get; init; }

    /// <summary>When the last run started; null: none did.</summary>
    public TimeSpan? StartedAt { get; init; }

    /// <summary>
    /// When the last run was due, which is what the next one is counted from, so that nothing drifts.
    /// </summary>
    public TimeSpan DueAt { get; init; }

    /// <summary>When the next run starts; null: while one is under way.</summary>
    public TimeSpan? NextRunAt { get; init; }

    /// <summary>When the verdict becomes stale; null: it is.</summary>
    public TimeSpan? StaleAt { get; init; }

    /// <summary>Grows with each <see cref="TargetFailed"/>.</summary>
    public long Epoch { get; init; }

    /// <summary>The last run's end; null: none ended.</summary>
    public CheckResult? Last { get; init; }

    /// <summary>Failures in a row, as far as they count.</summary>
    public int FailuresInRow => Verdict == CheckVerdict.Passing ? Top - Counter : 0;

    /// <summary>Successes in a row, as far as they count.</summary>
    public int SuccessesInRow => Verdict == CheckVerdict.Passing ? 0 : Counter;

    /// <summary>The interval in use: the fast one while the verdict is changing or not known.</summary>
    public TimeSpan Interval => IsSettled ? Settings.Interval : Settings.FastInterval;

    /// <summary>When <see cref="CheckTimersDue"/> is owed.</summary>
    public TimeSpan? NextDeadline => Deadline.Earliest(NextRunAt, StaleAt);

    internal int Top => Settings.Rise + Settings.Fall - 1;

    private bool IsSettled =>
        Verdict == CheckVerdict.Passing && Counter == Top || Verdict == CheckVerdict.Failing && Counter == 0;
}

/// <summary>What happens to a check.</summary>
public abstract record CheckInput;

/// <summary>A deadline may be reached.</summary>
public sealed record CheckTimersDue : CheckInput;

/// <summary>A run ended, by itself or at its time-out.</summary>
/// <param name="Run">From <see cref="RunProbe"/>.</param>
/// <param name="Result">How.</param>
public sealed record ProbeFinished(long Run, CheckResult Result) : CheckInput;

/// <summary>
/// Hard evidence from elsewhere that the target is dead: failing at once, whatever <see cref="CheckSettings.Fall"/>
/// says. A run under way is given up, because it may have seen the target alive before.
/// </summary>
/// <param name="Epoch">Of the evidence; an epoch that the check has reached already changes nothing.</param>
/// <param name="Reason">One line.</param>
public sealed record TargetFailed(long Epoch, string Reason) : CheckInput;

/// <summary>Soft evidence: look again soon, but not more often than the fast interval allows.</summary>
public sealed record ProbeSooner : CheckInput;

/// <summary>What a check wants done.</summary>
public abstract record CheckAction;

/// <summary>Start a run. One still under way has been given up: cancel it.</summary>
public sealed record RunProbe(long Run) : CheckAction;

/// <summary>The check says something else.</summary>
public sealed record VerdictChanged(CheckVerdict From, CheckVerdict To, string Reason) : CheckAction;

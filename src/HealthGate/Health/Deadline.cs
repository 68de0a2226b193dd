namespace AnycastVip.HealthGate.Health;

/// <summary>
/// Arithmetic of timers that are nullable deadlines: times since the shell's origin, null for "not set".
/// </summary>
internal static class Deadline
{
    /// <summary>The sooner of two deadlines; null when neither is set.</summary>
    public static TimeSpan? Earliest(TimeSpan? one, TimeSpan? other) =>
        one is null || other < one ? other ?? one : one;

    /// <summary>True when the deadline is set and reached.</summary>
    public static bool IsDue(TimeSpan? deadline, TimeSpan now) => deadline <= now;
}

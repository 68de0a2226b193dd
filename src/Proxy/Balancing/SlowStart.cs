namespace AnycastVip.Proxy.Balancing;

/// <summary>A backend's share while it is new: its weight grows linearly to the full one.</summary>
internal static class SlowStart
{
    /// <summary>What one unit of weight is worth: shares are whole numbers, and a weight of 1 must grow too.</summary>
    public const long Unit = 1000;

    /// <summary>The share at an age; at least the smallest one, so that the backend is not left out.</summary>
    /// <param name="weight">The full weight.</param>
    /// <param name="time">How long it grows; null: not at all.</param>
    /// <param name="age">Since the backend was taken up.</param>
    public static long ShareOf(int weight, TimeSpan? time, TimeSpan age) =>
        time is { } whole && age < whole
            ? Math.Max(1, (long)(weight * Unit * Math.Max(0, age / whole)))
            : weight * Unit;
}

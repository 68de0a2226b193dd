using System.Globalization;

namespace AnycastVip.Vipctl;

/// <summary>Spans of time as people write and read them.</summary>
internal static class Duration
{
    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    /// <summary>Reads a number with its unit, <c>500ms</c>, <c>5s</c>, <c>2m</c> or <c>1h</c>; at most a day.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        foreach (var (unit, seconds) in Units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && uint.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.None, null, out var count)
                && count * seconds <= TimeSpan.SecondsPerDay)
            {
                duration = TimeSpan.FromSeconds(count * seconds);
                return true;
            }
        }
        return false;
    }

    /// <summary>The two greatest units of an age: <c>12s</c>, <c>3m12s</c>, <c>5h7m</c>, <c>2d4h</c>.</summary>
    public static string Format(TimeSpan age) => age switch
    {
        { Ticks: < 0 } => "0s",
        { TotalMinutes: < 1 } => $"{age.Seconds}s",
        { TotalHours: < 1 } => $"{age.Minutes}m{age.Seconds}s",
        { TotalDays: < 1 } => $"{age.Hours}h{age.Minutes}m",
        _ => $"{age.Days}d{age.Hours}h",
    };
}

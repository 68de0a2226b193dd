namespace AnycastVip.BgpSpeaker.Timing;

/// <summary>Timers as nullable deadlines: null means stopped.</summary>
internal static class Deadline
{
    public static TimeSpan? Earliest(TimeSpan? first, TimeSpan? second) =>
        first is null || second < first ? second : first;
}

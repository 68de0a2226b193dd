using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.HealthGate.Links;

/// <summary>
/// Turns times since the clock's origin into wall-clock times of messages and back, as both clocks stand when it is
/// made. Make one for each message: the wall clock may be set at any moment.
/// </summary>
internal readonly struct WallClock(TimeProvider clock)
{
    private readonly DateTimeOffset _origin = clock.GetUtcNow() - clock.Now();

    /// <summary>A time as messages have it; null stays null.</summary>
    public Timestamp? Write(TimeSpan? time) =>
        time is { } known ? Timestamp.FromDateTimeOffset(_origin + known) : null;

    /// <summary>A message's time.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public TimeSpan Read(Timestamp? time) =>
        (time ?? throw new FormatException("a time is missing")).ToDateTimeOffset() - _origin;
}

/// <summary>Reads a <see cref="TimeProvider"/> as the pure machines want it.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>Time since the provider's fixed origin.</summary>
    public static TimeSpan Now(this TimeProvider clock) => clock.GetElapsedTime(0, clock.GetTimestamp());
}

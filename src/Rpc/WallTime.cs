using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Rpc;

/// <summary>
/// Turns times of a daemon's clock (since its origin, CLOCK_BOOTTIME) into the wall-clock times of a message, and back.
/// Made anew for each message, so that a wall clock that was set in between does no lasting harm.
/// </summary>
/// <param name="clock">The daemon's clock: its timestamp counts from the origin.</param>
public readonly struct WallTime(TimeProvider clock)
{
    private readonly DateTimeOffset _wallNow = clock.GetUtcNow();
    private readonly TimeSpan _now = clock.GetElapsedTime(0, clock.GetTimestamp());

    /// <summary>Null stays null.</summary>
    public Timestamp? At(TimeSpan? time) =>
        time is { } known ? Timestamp.FromDateTimeOffset(_wallNow + (known - _now)) : null;

    /// <summary>Null stays null.</summary>
    public TimeSpan? Of(Timestamp? time) => time is { } known ? _now + (known.ToDateTimeOffset() - _wallNow) : null;
}

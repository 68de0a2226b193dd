using AnycastVip.BgpSpeaker.Runtime;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>Turns times of the speaker's clock into wall-clock times, for people who read a view.</summary>
internal readonly struct WallTime(TimeProvider clock)
{
    private readonly DateTimeOffset _wallNow = clock.GetUtcNow();
    private readonly TimeSpan _now = clock.Now();

    /// <summary>Null stays null.</summary>
    public Timestamp? At(TimeSpan? time) =>
        time is { } known ? Timestamp.FromDateTimeOffset(_wallNow + (known - _now)) : null;
}

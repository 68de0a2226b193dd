namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>Stands still at its origin, which is the Unix epoch: a time of the engine is so long after it.</summary>
internal sealed class EpochClock : TimeProvider
{
    public static readonly EpochClock Instance = new();

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;

    public override long GetTimestamp() => 0;
}

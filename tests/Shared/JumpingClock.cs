namespace AnycastVip.Tests;

/// <summary>A clock whose wall time a test sets; as with a real one, time stamps and timers take no notice.</summary>
internal sealed class JumpingClock(TimeProvider clock) : TimeProvider
{
    private long _offset;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow().AddTicks(Volatile.Read(ref _offset));

    public override long GetTimestamp() => clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        clock.CreateTimer(callback, state, dueTime, period);

    public void Jump(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);
}

namespace AnycastVip.Vipctl.Tests;

/// <summary>A clock whose timers run ten times as fast: so a test need not wait for a limit of seconds.</summary>
internal sealed class HastyClock : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new HastyTimer(base.CreateTimer(callback, state, Hastened(dueTime), Hastened(period)));

    private static TimeSpan Hastened(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / 10;

    private sealed class HastyTimer(ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(Hastened(dueTime), Hastened(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}

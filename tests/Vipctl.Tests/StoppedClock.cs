namespace AnycastVip.Vipctl.Tests;

/// <summary>A clock that stands still, so that a limit ends when the test says so.</summary>
internal sealed class StoppedClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<StoppedTimer> _timers = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new StoppedTimer(this, () => callback(state), dueTime);
        lock (_gate)
            _timers.Add(timer);
        return timer;
    }

    /// <summary>Rings every timer that was set to no more than <paramref name="time"/>.</summary>
    public void Ring(TimeSpan time)
    {
        StoppedTimer[] due;
        lock (_gate)
            due = [.. _timers.Where(timer => timer.DueTime != Timeout.InfiniteTimeSpan && timer.DueTime <= time)];
        foreach (var timer in due)
            timer.Callback();
    }

    private sealed class StoppedTimer(StoppedClock clock, Action callback, TimeSpan dueTime) : ITimer
    {
        public TimeSpan DueTime { get; private set; } = dueTime;

        public Action Callback => callback;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
                DueTime = dueTime;
            return true;
        }

        public void Dispose()
        {
            lock (clock._gate)
                clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

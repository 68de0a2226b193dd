namespace AnycastVip.HealthGate.Links;

/// <summary>Judges that the other side is silent. It bites once.</summary>
internal sealed class Watchdog(TimeSpan silence, TimeProvider clock)
{
    // A timer that is this late was delayed by our own process, which then also read nothing.
    private static readonly TimeSpan Standstill = TimeSpan.FromMilliseconds(100);

    private long _heardAt = clock.GetTimestamp();

    /// <summary>The other side gave a sign of life.</summary>
    public void Feed() => Volatile.Write(ref _heardAt, clock.GetTimestamp());

    /// <summary>Ends when there was no sign of life for too long.</summary>
    public async Task WatchAsync(CancellationToken cancel)
    {
        while (silence - clock.GetElapsedTime(Volatile.Read(ref _heardAt)) is var left && left > TimeSpan.Zero)
        {
            var start = clock.GetTimestamp();
            // Timers count whole milliseconds: rounded down they would ring early, again and again.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), clock, cancel);
            // What came while this process stood still lies in the socket: it is read before anybody is judged.
            if (clock.GetElapsedTime(start) > left + Standstill)
                await Task.Delay(Standstill, clock, cancel);
        }
    }
}

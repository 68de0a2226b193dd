namespace AnycastVip.HealthGate.Links;

/// <summary>Judges that the other side is silent. It bites once.</summary>
/// <param name="first">How long the first sign of life may take.</param>
/// <param name="silence">How long each further one may take; at most as long.</param>
/// <param name="clock">Counts it.</param>
internal sealed class Watchdog(TimeSpan first, TimeSpan silence, TimeProvider clock)
{
    // A timer that is this late was delayed by our own process, which then also read nothing.
    private static readonly TimeSpan Standstill = TimeSpan.FromMilliseconds(100);

    private long _heardAt = clock.GetTimestamp();
    private volatile bool _hasHeard;

    /// <summary>How long the next sign of life may take.</summary>
    public TimeSpan Patience => _hasHeard ? silence : first;

    /// <summary>The other side gave a sign of life.</summary>
    public void Feed()
    {
        Volatile.Write(ref _heardAt, clock.GetTimestamp());
        _hasHeard = true;
    }

    /// <summary>Ends when there was no sign of life for too long.</summary>
    public async Task WatchAsync(CancellationToken cancel)
    {
        while (Patience - clock.GetElapsedTime(Volatile.Read(ref _heardAt)) is var left && left > TimeSpan.Zero)
        {
            var start = clock.GetTimestamp();
            // No longer than a silence, for the first sign of life may come meanwhile. And timers count whole
            // milliseconds: rounded down they would ring early, again and again.
            var milliseconds = Math.Ceiling(Math.Min(left.TotalMilliseconds, silence.TotalMilliseconds));
            var wait = TimeSpan.FromMilliseconds(milliseconds);
            await Task.Delay(wait, clock, cancel);
            // What came while this process stood still lies in the socket: it is read before anybody is judged.
            if (clock.GetElapsedTime(start) > wait + Standstill)
                await Task.Delay(Standstill, clock, cancel);
        }
    }
}

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>
/// Brings the kernel's time stamps of packets, which are on the wall clock, onto the clock of the timers. Somebody may
/// set the wall clock between the stamp and its reading: that is found by comparing both clocks again and again.
/// </summary>
internal sealed class StampClock(Func<TimeSpan> bootClock, Func<TimeSpan> wallClock)
{
    // Slewing by a time daemon stays below this from one sample to the next; a step above it is a step.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Precision = TimeSpan.FromMicroseconds(50);
    private const int Attempts = 5;

    private TimeSpan? _offset;

    /// <summary>Compares both clocks; true when the wall clock was set since the last time.</summary>
    public bool Sample()
    {
        var offset = ReadOffset();
        var isStep = _offset is { } before && (offset - before).Duration() > Tolerance;
        _offset = offset;
        return isStep;
    }

    /// <summary>When a packet arrived.</summary>
    /// <param name="stamp">The kernel's stamp; null: it made none.</param>
    /// <param name="earliest">It was not there yet.</param>
    /// <param name="latest">It was there.</param>
    public TimeSpan Place(TimeSpan? stamp, TimeSpan earliest, TimeSpan latest)
    {
        var arrival = stamp - _offset ?? latest;
        return arrival < earliest ? earliest : arrival > latest ? latest : arrival;
    }

    // The thread may be held up between the two clocks: then they are read again.
    private TimeSpan ReadOffset()
    {
        var best = TimeSpan.MaxValue;
        var offset = TimeSpan.Zero;
        for (var attempt = 0; attempt < Attempts && best > Precision; attempt++)
        {
            var before = bootClock();
            var wall = wallClock();
            var after = bootClock();
            if (after - before >= best)
                continue;
            best = after - before;
            offset = wall - before - (best / 2);
        }
        return offset;
    }
}

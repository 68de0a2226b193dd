namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>The one source of chance of a run (SplitMix64): equal seeds make equal runs.</summary>
internal sealed class Chance(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state = unchecked(_state + 0x9E3779B97F4A7C15);
        var mixed = unchecked((_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9);
        mixed = unchecked((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB);
        return mixed ^ (mixed >> 31);
    }

    /// <summary>0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    public bool Percent(int share) => Below(100) < share;

    /// <summary>Evenly distributed, in whole microseconds.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most) =>
        least + TimeSpan.FromMicroseconds(Below((int)(most - least).TotalMicroseconds + 1));

    public TimeSpan Milliseconds(int least, int most) =>
        Between(TimeSpan.FromMilliseconds(least), TimeSpan.FromMilliseconds(most));

    public T Pick<T>(params ReadOnlySpan<T> items) => items[Below(items.Length)];

    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var other = Below(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }
}

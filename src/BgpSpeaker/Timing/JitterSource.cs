namespace AnycastVip.BgpSpeaker.Timing;

/// <summary>
/// A seeded source of jitter that is itself a value: drawing yields a number and the source of the next one, so that a
/// state which carries it stays a value and a run can be repeated.
/// </summary>
/// <param name="Seed">Any number; equal seeds give equal sequences.</param>
public readonly record struct JitterSource(ulong Seed)
{
    /// <summary>
    /// Shortens an interval to 75–100 % of itself, evenly distributed: "jitter SHOULD be applied to the timers" by "a
    /// random factor" from "0.75 to 1.0" (RFC 4271 section 10; RFC 5880 section 6.8.7 asks for the same).
    /// </summary>
    /// <param name="interval">The longest interval.</param>
    /// <param name="next">The source of the next draw.</param>
    /// <param name="most">Less than 1 for an upper limit below 100 %; at least 0.75.</param>
    public TimeSpan Apply(TimeSpan interval, out JitterSource next, double most = 1)
    {
        const double Least = 0.75;
        const double Steps = 1UL << 53;
        var unit = (Draw(out next) >> 11) / Steps;
        return interval * (Least + ((most - Least) * unit));
    }

    /// <summary>Splits off an independent source.</summary>
    public JitterSource Fork(out JitterSource next) => new(Draw(out next));

    // SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    private ulong Draw(out JitterSource next)
    {
        var state = unchecked(Seed + 0x9E3779B97F4A7C15);
        next = new JitterSource(state);
        state = unchecked((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9);
        state = unchecked((state ^ (state >> 27)) * 0x94D049BB133111EB);
        return state ^ (state >> 31);
    }
}

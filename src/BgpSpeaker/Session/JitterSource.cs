namespace AnycastVip.BgpSpeaker.Session;

/// <summary>
/// A seeded source of jitter that is itself a value: drawing yields a number and the source of the next one, so that a
/// state which carries it stays a value and a run can be repeated.
/// </summary>
/// <param name="Seed">Any number; equal seeds give equal sequences.</param>
public readonly record struct JitterSource(ulong Seed)
{
    /// <summary>
    /// Shortens an interval to 75–100 % of itself, evenly distributed: "jitter SHOULD be applied to the timers" by "a
    /// random factor" from "0.75 to 1.0" (RFC 4271 section 10).
    /// </summary>
    public TimeSpan Apply(TimeSpan interval, out JitterSource next)
    {
        const double Steps = 1UL << 53;
        var unit = (Draw(out next) >> 11) / Steps;
        return interval * (0.75 + (0.25 * unit));
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

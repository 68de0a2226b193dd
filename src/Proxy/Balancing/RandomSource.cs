namespace AnycastVip.Proxy.Balancing;

/// <summary>A seeded sequence of numbers: SplitMix64 (Steele, Lea, Flood, 2014).</summary>
internal struct RandomSource(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next number, from 0 to below <paramref name="limit"/>.</summary>
    public int Below(int limit)
    {
        _state = unchecked(_state + 0x9E3779B97F4A7C15);
        return (int)Math.BigMul(Hashing.Mix(_state), (ulong)limit, out _);
    }
}

namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Smooth weighted round robin: in each round every eligible backend earns its weight, and the richest one is chosen
/// and pays what all earned. Weights 5, 1, 1 give a a b a c a a and not a a a a a b c.
/// </summary>
internal sealed class WeightedRoundRobin(int count) : IPicker
{
    private readonly long[] _credits = new long[count];

    public int Pick(ReadOnlySpan<Backend> backends, Turn turn)
    {
        var best = -1;
        var earned = 0L;
        for (var i = 0; i < backends.Length; i++)
        {
            if (!backends[i].IsEligible(turn))
                continue;
            var share = backends[i].ShareAt(turn.Now);
            _credits[i] += share;
            earned += share;
            if (best < 0 || _credits[i] > _credits[best])
                best = i;
        }
        if (best >= 0)
            _credits[best] -= earned;
        return best;
    }
}

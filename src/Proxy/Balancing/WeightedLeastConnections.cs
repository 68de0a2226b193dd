namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Chooses the backend that would have the fewest connections for its weight with one more. Equals take turns.
/// </summary>
internal sealed class WeightedLeastConnections : IPicker
{
    private int _start;

    public int Pick(ReadOnlySpan<Backend> backends, ReadOnlySpan<ushort> tried)
    {
        var best = -1;
        long bestLoad = 0;
        for (var i = 0; i < backends.Length; i++)
        {
            var index = (_start + i) % backends.Length;
            var backend = backends[index];
            if (!backend.IsEligible(tried))
                continue;
            // load / weight < bestLoad / bestWeight, without the division.
            var load = backend.Connections.Value + 1L;
            if (best < 0 || load * backends[best].Spec.Weight < bestLoad * backend.Spec.Weight)
                (best, bestLoad) = (index, load);
        }
        if (best >= 0)
            _start = best + 1;
        return best;
    }
}

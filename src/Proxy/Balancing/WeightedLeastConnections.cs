namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Chooses the backend that would have the fewest connections for its weight with one more. Equals take turns.
/// </summary>
internal sealed class WeightedLeastConnections : IPicker
{
    private int _start;

    public int Pick(ReadOnlySpan<Backend> backends, Turn turn)
    {
        var best = -1;
        long bestLoad = 0, bestShare = 0;
        for (var i = 0; i < backends.Length; i++)
        {
            var index = (_start + i) % backends.Length;
            var backend = backends[index];
            if (!backend.IsEligible(turn))
                continue;
            // load / share < bestLoad / bestShare, without the division.
            var load = backend.Connections.Value + 1L;
            var share = backend.ShareAt(turn.Now);
            if (best < 0 || load * bestShare < bestLoad * share)
                (best, bestLoad, bestShare) = (index, load, share);
        }
        if (best >= 0)
            _start = best + 1;
        return best;
    }
}

namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Weighted rendezvous hashing of the source address (Thaler and Ravishankar, 1998; with weights as in Schindelhauer
/// and Schomaker, 2005): each backend draws a lot for the source, exponentially distributed with its weight as the
/// rate, and the lowest wins. A ring would need thousands of points for such even shares; here they are exact, and a
/// backend that comes, goes or changes its weight moves no source but those that it gains or loses. One pass: with
/// 1,000 backends about 10 µs. Maglev takes the same time for any number.
/// </summary>
internal sealed class Rendezvous : IPicker
{
    public int Pick(ReadOnlySpan<Backend> backends, Turn turn)
    {
        var source = turn.Source.Hash(seed: 0);
        var best = -1;
        var bestLot = double.PositiveInfinity;
        for (var i = 0; i < backends.Length; i++)
        {
            var backend = backends[i];
            if (!backend.IsEligible(turn))
                continue;
            var lot = -Math.Log(Hashing.ToUnit(Hashing.Mix(source ^ backend.NameHash))) / backend.ShareAt(turn.Now);
            if (lot < bestLot)
                (best, bestLot) = (i, lot);
        }
        return best;
    }
}

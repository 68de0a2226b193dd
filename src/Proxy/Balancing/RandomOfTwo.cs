namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Draws two backends by weight and chooses the one with fewer connections for its weight, the first when they are
/// equal. A pick takes two binary searches, whatever the number of backends; only where most of them are not eligible
/// it is the best of all instead, in one pass.
/// </summary>
internal sealed class RandomOfTwo : IPicker
{
    private const int Draws = 4;

    // The sum of the weights up to and with each backend: one that the table gives nothing has no width.
    private readonly int[] _ends;
    private readonly WeightedLeastConnections _bestOfAll = new();
    private RandomSource _random;

    public RandomOfTwo(ReadOnlySpan<Backend> backends, ulong seed)
    {
        _random = new(seed);
        _ends = new int[backends.Length];
        var sum = 0;
        for (var i = 0; i < backends.Length; i++)
            _ends[i] = sum += backends[i].Serves ? backends[i].Spec.Weight : 0;
    }

    public int Pick(ReadOnlySpan<Backend> backends, Turn turn)
    {
        if (_ends is not [.., > 0 and var total])
            return -1;
        for (var draw = 0; draw < Draws; draw++)
        {
            var first = IndexAt(_random.Below(total));
            var second = DrawOther(first, total);
            var chosen = BetterOf(backends, first, second, turn);
            if (chosen >= 0)
                return chosen;
        }
        return _bestOfAll.Pick(backends, turn);
    }

    // By weight among all but the first; the first itself when there is no other.
    private int DrawOther(int first, int total)
    {
        var start = first == 0 ? 0 : _ends[first - 1];
        var weight = _ends[first] - start;
        if (weight == total)
            return first;
        var at = _random.Below(total - weight);
        return IndexAt(at < start ? at : at + weight);
    }

    private static int BetterOf(ReadOnlySpan<Backend> backends, int first, int second, Turn turn)
    {
        if (!backends[second].IsEligible(turn))
            return backends[first].IsEligible(turn) ? first : -1;
        if (!backends[first].IsEligible(turn))
            return second;
        var (one, other) = (backends[first], backends[second]);
        return one.Connections.Value * other.ShareAt(turn.Now) <= other.Connections.Value * one.ShareAt(turn.Now)
            ? first
            : second;
    }

    private int IndexAt(int position)
    {
        var (low, high) = (0, _ends.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_ends[middle] > position)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }
}

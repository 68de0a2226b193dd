using System.Numerics;

namespace AnycastVip.Proxy.Api;

/// <summary>
/// Counts durations by size, in whole microseconds: sixteen buckets for each power of two, so that a percentile is told
/// to one sixteenth at worst, in constant memory.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int BucketBits = 4;
    private const int Buckets = 1 << BucketBits;

    // 2^31 us is half an hour: no attempt to connect lasts that long.
    private const int Octaves = 31 - BucketBits + 1;

    private readonly int[] _counts = new int[Octaves * Buckets];
    private int _count;

    /// <summary>The longest of all.</summary>
    public TimeSpan Maximum { get; private set; }

    public void Add(TimeSpan duration)
    {
        var microseconds = (uint)Math.Clamp(duration.TotalMicroseconds, 0, int.MaxValue);
        _counts[IndexOf(microseconds)]++;
        _count++;
        if (duration > Maximum)
            Maximum = duration;
    }

    /// <summary>A duration that this share of all does not exceed, at most <see cref="Maximum"/>.</summary>
    /// <param name="share">Above 0, at most 1.</param>
    public TimeSpan Percentile(double share)
    {
        var rest = (int)Math.Ceiling(share * _count);
        for (var i = 0; i < _counts.Length; i++)
        {
            rest -= _counts[i];
            if (rest > 0)
                continue;
            var end = TimeSpan.FromMicroseconds(EndOf(i));
            return end < Maximum ? end : Maximum;
        }
        return Maximum;
    }

    // The first sixteen hold one value each; from then on the four bits below the highest one choose the bucket.
    private static int IndexOf(uint value)
    {
        if (value < Buckets)
            return (int)value;
        var shift = BitOperations.Log2(value) - BucketBits;
        return (shift + 1) * Buckets + (int)(value >> shift) - Buckets;
    }

    private static long EndOf(int index)
    {
        if (index < Buckets)
            return index;
        var shift = index / Buckets - 1;
        return ((long)(index % Buckets + Buckets + 1) << shift) - 1;
    }
}

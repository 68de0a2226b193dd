using System.Numerics;

namespace AnycastVip.Proxy.Engine;

/// <summary>What a histogram amounts to.</summary>
/// <param name="Count">How many durations there were.</param>
/// <param name="P50">The middle one; like the other two at most one sixteenth above the true one.</param>
/// <param name="P99">What 99 % do not exceed.</param>
/// <param name="P999">What 99.9 % do not exceed.</param>
/// <param name="Maximum">The longest.</param>
public sealed record LatencySummary(long Count, TimeSpan P50, TimeSpan P99, TimeSpan P999, TimeSpan Maximum);

/// <summary>
/// Counts durations by size, in whole microseconds: sixteen buckets for each power of two, so that a percentile is told
/// to one sixteenth at worst, in constant memory. One thread adds; others may read meanwhile.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int BucketBits = 4;
    private const int Buckets = 1 << BucketBits;

    // 2^31 us is half an hour: what lasts longer counts as that.
    private const int Octaves = 31 - BucketBits + 1;

    private readonly long[] _counts = new long[Octaves * Buckets];
    private long _count;
    private long _maximumTicks;

    /// <summary>How many were added.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>The longest of all.</summary>
    public TimeSpan Maximum => TimeSpan.FromTicks(Volatile.Read(ref _maximumTicks));

    public void Add(TimeSpan duration)
    {
        var microseconds = (uint)Math.Clamp(duration.TotalMicroseconds, 0, int.MaxValue);
        _counts[IndexOf(microseconds)]++;
        Volatile.Write(ref _count, _count + 1);
        if (duration.Ticks > _maximumTicks)
            Volatile.Write(ref _maximumTicks, duration.Ticks);
    }

    /// <summary>A duration that this share of all does not exceed, at most <see cref="Maximum"/>.</summary>
    /// <param name="share">Above 0, at most 1.</param>
    public TimeSpan Percentile(double share) => Percentile(SumOf([this]), share, Maximum);

    /// <summary>All durations of several histograms together.</summary>
    public static LatencySummary Summarize(IReadOnlyCollection<LatencyHistogram> histograms)
    {
        var counts = SumOf(histograms);
        var maximum = histograms.Select(histogram => histogram.Maximum).DefaultIfEmpty().Max();
        return new(
            histograms.Sum(histogram => histogram.Count),
            Percentile(counts, 0.5, maximum),
            Percentile(counts, 0.99, maximum),
            Percentile(counts, 0.999, maximum),
            maximum);
    }

    private static long[] SumOf(IReadOnlyCollection<LatencyHistogram> histograms)
    {
        var sum = new long[Octaves * Buckets];
        foreach (var histogram in histograms)
        {
            for (var i = 0; i < sum.Length; i++)
                sum[i] += histogram._counts[i];
        }
        return sum;
    }

    private static TimeSpan Percentile(long[] counts, double share, TimeSpan maximum)
    {
        var rest = (long)Math.Ceiling(share * counts.Sum());
        for (var i = 0; i < counts.Length; i++)
        {
            rest -= counts[i];
            if (rest > 0)
                continue;
            var end = TimeSpan.FromMicroseconds(EndOf(i));
            return end < maximum ? end : maximum;
        }
        return maximum;
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

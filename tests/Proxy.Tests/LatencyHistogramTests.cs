using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(1_000)]
    [InlineData(999_999)]
    [InlineData(300_000_000)]
    [InlineData(int.MaxValue)]
    public void A_percentile_is_at_most_a_sixteenth_above_its_duration(int microseconds)
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.FromMicroseconds(microseconds));
        // The maximum would hide an error upwards.
        histogram.Add(TimeSpan.FromHours(1));

        var median = histogram.Percentile(0.5).TotalMicroseconds;

        Assert.InRange(median, microseconds, microseconds + microseconds / 16.0);
    }

    [Fact]
    public void Several_histograms_are_summed_up_as_if_they_were_one()
    {
        LatencyHistogram[] parts = [new(), new(), new()];
        for (var i = 1; i <= 1000; i++)
            parts[i % 2].Add(TimeSpan.FromMilliseconds(i));

        var summary = LatencyHistogram.Summarize(parts);

        Assert.Equal(1000, summary.Count);
        Assert.InRange(summary.P50.TotalMilliseconds, 500, 500 * 17 / 16.0);
        Assert.InRange(summary.P99.TotalMilliseconds, 990, 1000);
        Assert.InRange(summary.P999.TotalMilliseconds, 999, 1000);
        Assert.Equal(TimeSpan.FromSeconds(1), summary.Maximum);
    }

    [Fact]
    public void Nothing_is_summed_up_to_nothing() => Assert.Equal(
        new(0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero), LatencyHistogram.Summarize([]));

    [Fact]
    public void Percentiles_follow_the_share_and_never_pass_the_maximum()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 100; i++)
            histogram.Add(TimeSpan.FromMilliseconds(i));

        Assert.InRange(histogram.Percentile(0.5).TotalMilliseconds, 50, 54);
        Assert.InRange(histogram.Percentile(0.99).TotalMilliseconds, 99, 100);
        Assert.Equal(TimeSpan.FromMilliseconds(100), histogram.Percentile(1));
        Assert.Equal(TimeSpan.FromMilliseconds(100), histogram.Maximum);
    }
}

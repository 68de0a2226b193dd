using AnycastVip.Proxy.Api;

namespace AnycastVip.Proxy.Tests.Api;

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

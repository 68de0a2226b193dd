using AnycastVip.Vipd.Supervision;

namespace AnycastVip.Vipd.Tests.Supervision;

public sealed class RestartPolicyTests
{
    private static readonly RestartPolicy Policy = new();

    [Theory]
    [InlineData(0, 0, 100)]
    [InlineData(0, 60_000, 100)]
    [InlineData(100, 0, 200)]
    [InlineData(100, 29_999, 200)]
    [InlineData(100, 30_000, 100)]
    [InlineData(3_200, 10, 6_400)]
    [InlineData(6_400, 10, 10_000)]
    [InlineData(10_000, 10, 10_000)]
    [InlineData(10_000, 29_999, 10_000)]
    [InlineData(10_000, 30_000, 100)]
    public void The_wait_doubles_to_its_maximum_and_a_long_run_resets_it(int previous, int uptime, int expected)
    {
        var wait = Policy.Next(TimeSpan.FromMilliseconds(previous), TimeSpan.FromMilliseconds(uptime));

        Assert.Equal(TimeSpan.FromMilliseconds(expected), wait);
    }

    [Fact]
    public void A_process_that_never_stays_up_is_started_less_and_less_often()
    {
        var waits = new List<double>();
        var wait = TimeSpan.Zero;
        for (var failure = 0; failure < 9; failure++)
        {
            wait = Policy.Next(wait, TimeSpan.Zero);
            waits.Add(wait.TotalMilliseconds);
        }

        Assert.Equal([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000], waits);
    }
}

using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

/// <summary>Averages and choices over time, without a clock.</summary>
public sealed class LeastResponseTimeTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Samples as milliseconds@seconds; then the average, in ms, at a time. 1/e = 0.368, its square 0.135.
    [Theory]
    [InlineData("100@0", 0, 100)]
    [InlineData("100@0", 10, 36.8)]
    [InlineData("100@0", 20, 13.5)]
    [InlineData("100@0", 100, 0)]
    [InlineData("100@0 100@10", 10, 100)]
    [InlineData("100@0 0@10", 10, 36.8)]
    [InlineData("0@0 100@10", 10, 63.2)]
    [InlineData("100@0 500@0", 0, 100)]
    [InlineData("100@5 100@4", 5, 100)]
    [InlineData("100@5", 4, 100)]
    public void An_average_follows_its_samples_and_forgets_by_time(string samples, int at, double expected)
    {
        var average = default(MovingAverage);
        foreach (var sample in samples.Split(' ').Select(sample => sample.Split('@').Select(int.Parse).ToArray()))
            average = average.With(sample[0], sample[1] * Second);
        Assert.Equal(expected, average.ValueAt(at * Second)!.Value, 0.05);
    }

    [Fact]
    public void A_response_takes_both_parts_and_without_any_measurement_it_is_not_known()
    {
        var time = default(ResponseTime);
        Assert.Null(time.MicrosecondsAt(Second));
        time = time.With(ResponsePart.Connect, 2 * Millisecond, Second);
        Assert.Equal(2000, time.MicrosecondsAt(Second));
        time = time.With(ResponsePart.FirstOctet, 5 * Millisecond, Second);
        Assert.Equal(7000, time.MicrosecondsAt(Second));
    }

    [Theory]
    [InlineData(1, 1, 1, 1, "30 30")]
    [InlineData(2, 1, 1, 1, "20 40")]
    [InlineData(9, 1, 1, 1, "6 54")]
    [InlineData(2, 1, 2, 1, "30 30")]
    [InlineData(1, 1, 1, 2, "20 40")]
    public void Connections_are_held_in_inverse_proportion_to_the_time_and_by_weight(
        int timeA, int timeB, int weightA, int weightB, string expected)
    {
        var pool = Pools.Of(BalanceAlgorithm.LeastResponseTime, Pools.Members(weightA, weightB));
        pool.Measure(0, ResponsePart.Connect, timeA * Millisecond, default);
        pool.Measure(1, ResponsePart.Connect, timeB * Millisecond, default);
        Assert.Equal(expected, Held(pool, 60, default));
    }

    [Fact]
    public void A_backend_that_was_never_measured_is_tried_with_one_connection_at_a_time()
    {
        var pool = Pools.Of(BalanceAlgorithm.LeastResponseTime, Pools.Members(1, 1));
        pool.Measure(0, ResponsePart.Connect, Millisecond, default);
        Assert.Equal("49 1", Held(pool, 50, default));
        pool.Measure(1, ResponsePart.Connect, Millisecond, default);
        Assert.Equal("50 50", Held(pool, 50, default));
    }

    [Fact]
    public void Where_nothing_was_measured_the_fewest_connections_win()
    {
        var pool = Pools.Of(BalanceAlgorithm.LeastResponseTime, Pools.Members(1, 1, 2));
        Assert.Equal("20 20 40", Held(pool, 80, default));
    }

    [Fact]
    public void An_old_bad_time_is_forgotten_so_that_the_backend_is_tried_again()
    {
        var pool = Pools.Of(BalanceAlgorithm.LeastResponseTime, Pools.Members(1, 1));
        pool.Measure(1, ResponsePart.FirstOctet, 1000 * Millisecond, default);
        string ChoiceAt(int second)
        {
            pool.Measure(0, ResponsePart.FirstOctet, Millisecond, second * Second);
            return Pools.Choices(pool, 1, second * Second).Single();
        }
        Assert.All(Enumerable.Range(0, 60), second => Assert.Equal("b0", ChoiceAt(second)));
        Assert.Contains(Enumerable.Range(60, 20), second => ChoiceAt(second) == "b1");
    }

    [Fact]
    public void A_new_table_knows_what_was_measured_but_not_of_a_backend_that_was_taken_up_anew()
    {
        var specs = new[] { Pools.Backend("b0"), Pools.Backend("b1"), Pools.Backend("b2") };
        var before = Pools.Of(BalanceAlgorithm.LeastResponseTime, specs);
        before.Measure(0, ResponsePart.Connect, Millisecond, default);
        before.Measure(1, ResponsePart.Connect, 4 * Millisecond, default);
        before.Measure(2, ResponsePart.Connect, 4 * Millisecond, default);
        specs[2] = specs[2] with { Generation = 7 };
        var after = Pools.Of(BalanceAlgorithm.LeastResponseTime, specs, before);
        Assert.Equal("8 2 1", Held(after, 11, default));
    }

    [Fact]
    public void Other_algorithms_measure_nothing()
    {
        var pool = Pools.Of(BalanceAlgorithm.LeastConnections, Pools.Members(1));
        pool.Measure(0, ResponsePart.Connect, Millisecond, default);
        Assert.Null(pool.Reserve([], default)!.ResponseTime.MicrosecondsAt(default));
    }

    // How many connections each backend holds after so many more, in their order.
    private static string Held(Pool pool, int connections, TimeSpan now)
    {
        var backends = new SortedDictionary<ushort, Backend>();
        for (var i = 0; i < connections; i++)
        {
            var backend = pool.Reserve([], now)!;
            backends[backend.Slot] = backend;
        }
        return string.Join(' ', backends.Values.Select(backend => backend.Connections.Value));
    }
}

using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

public sealed class RandomOfTwoTests
{
    private const int Connections = 20_000;

    [Theory]
    [InlineData("1,1,1")]
    [InlineData("3,1")]
    [InlineData("100,50,0,25,25")]
    public void Short_connections_spread_by_weight_within_a_twentieth(string weights)
    {
        var numbers = weights.Split(',').Select(int.Parse).ToArray();
        var choices = Pools.Choices(Pools.Of(BalanceAlgorithm.Random, Pools.Members(numbers)), Connections);
        for (var i = 0; i < numbers.Length; i++)
        {
            var expected = (double)Connections * numbers[i] / numbers.Sum();
            Assert.InRange(choices.Count(name => name == $"b{i}"), 0.95 * expected, 1.05 * expected);
        }
    }

    // One choice would leave the fullest of 100 about 40 above the mean of 200.
    [Fact]
    public void Held_connections_differ_by_little_because_the_emptier_of_two_is_chosen()
    {
        const int backends = 100;
        var pool = Pools.Of(BalanceAlgorithm.Random, Pools.Members(Enumerable.Repeat(1, backends)));
        var held = Hold(pool, Connections);
        Assert.InRange(held.Values.Max(), Connections / backends, Connections / backends + 6);
        Assert.InRange(held.Values.Min(), Connections / backends - 12, Connections / backends);
    }

    [Fact]
    public void Held_connections_follow_the_weights()
    {
        int[] weights = [1, 2, 3, 4];
        var held = Hold(Pools.Of(BalanceAlgorithm.Random, Pools.Members(weights)), 1000);
        for (var i = 0; i < weights.Length; i++)
            Assert.InRange(held[$"b{i}"], 100 * weights[i] - 5, 100 * weights[i] + 5);
    }

    [Fact]
    public void Equal_seeds_give_equal_choices()
    {
        string[] Draw(ulong seed)
        {
            var specs = Pools.Members(1, 1, 1).Select(member => Pools.Backend(member.Name)).ToArray();
            return Pools.Choices(
                new(
                    new() { Name = "p", Balance = BalanceAlgorithm.Random },
                    [.. specs.Select((spec, i) => new Backend(spec, (ushort)i, new()))],
                    seed),
                50);
        }
        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    [Fact]
    public void The_last_of_many_that_is_eligible_is_found()
    {
        var pool = Pools.Of(BalanceAlgorithm.Random, Enumerable.Range(0, 500).Select(i =>
            Pools.Backend($"b{i}") with { MaxConnections = 1 }));
        var held = Hold(pool, 500);
        Assert.Equal(500, held.Count);
        Assert.Null(pool.Reserve([], default));
    }

    private static Dictionary<string, int> Hold(Pool pool, int connections) =>
        Enumerable.Range(0, connections).Select(_ => pool.Reserve([], default)!.Spec.Name).CountBy(name => name)
            .ToDictionary();
}

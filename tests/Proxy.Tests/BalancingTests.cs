using System.Net;
using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

public sealed class BalancingTests
{
    [Theory]
    [InlineData("5,1,1", "aabacaa")]
    [InlineData("1,1,1", "abcabc")]
    [InlineData("2,1", "abaaba")]
    [InlineData("0,3,1", "bbcbbbcb")]
    public void Round_robin_spreads_the_weights_evenly(string weights, string expected)
    {
        var pool = PoolOf(BalanceAlgorithm.RoundRobin, weights);
        Assert.Equal(expected, Picks(pool, expected.Length));
    }

    [Theory]
    [InlineData("1,1,1", "abcabc")]
    [InlineData("3,1", "aaabaaab")]
    [InlineData("0,1", "bb")]
    public void Least_connections_fills_up_by_weight(string weights, string expected) =>
        Assert.Equal(
            Sorted(expected), Sorted(Picks(PoolOf(BalanceAlgorithm.LeastConnections, weights), expected.Length)));

    [Theory]
    [InlineData(BalanceAlgorithm.RoundRobin)]
    [InlineData(BalanceAlgorithm.LeastConnections)]
    public void A_seeded_mix_of_weights_is_met_exactly_over_whole_rounds(BalanceAlgorithm algorithm)
    {
        var random = new Random(1);
        for (var run = 0; run < 50; run++)
        {
            var weights = Enumerable.Range(0, random.Next(1, 8)).Select(_ => random.Next(1, 40)).ToArray();
            var pool = PoolOf(algorithm, string.Join(',', weights));
            var picks = Picks(pool, 3 * weights.Sum());
            Assert.Equal(
                weights.Select(weight => 3 * weight),
                weights.Select((_, i) => picks.Count(name => name == 'a' + i)));
        }
    }

    [Fact]
    public void Least_connections_follows_connections_that_end()
    {
        var pool = PoolOf(BalanceAlgorithm.LeastConnections, "1,1");
        var first = pool.Reserve([], default)!;
        var second = pool.Reserve([], default)!;
        Assert.NotEqual(first, second);
        second.Connections.Release();
        Assert.Equal(second, pool.Reserve([], default));
        second.Connections.Release();
        Assert.Equal(second, pool.Reserve([], default));
    }

    [Theory]
    [InlineData(BalanceAlgorithm.RoundRobin)]
    [InlineData(BalanceAlgorithm.LeastConnections)]
    [InlineData(BalanceAlgorithm.LeastResponseTime)]
    [InlineData(BalanceAlgorithm.Random)]
    public void Backends_that_drain_are_down_full_or_tried_are_passed_over(BalanceAlgorithm algorithm)
    {
        var pool = PoolOf(algorithm, "1,1,1,1,1", (spec, i) => spec with
        {
            State = i switch { 0 => BackendState.Drain, 1 => BackendState.Down, _ => BackendState.Up },
            MaxConnections = i == 2 ? 2 : 0,
        });
        Assert.Equal(0, Picks(pool, 30, 4).Count(name => name is 'a' or 'b' or 'e'));
        Assert.Null(pool.Reserve([2, 3, 4], default));
        Assert.Equal("e", pool.Reserve([3], default)!.Spec.Name);
    }

    [Fact]
    public void A_backend_limit_holds_against_many_threads()
    {
        var pool = PoolOf(BalanceAlgorithm.RoundRobin, "1,1", (spec, _) => spec with { MaxConnections = 1000 });
        var given = 0;
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 1000; i++)
            {
                if (pool.Reserve([], default) is not null)
                    Interlocked.Increment(ref given);
            }
        });
        Assert.Equal(2000, given);
    }

    [Fact]
    public void Shares_are_exact_when_many_threads_pick()
    {
        var pool = PoolOf(BalanceAlgorithm.RoundRobin, "3,1");
        var counts = new int[2];
        Parallel.For(0, 4, _ =>
        {
            for (var i = 0; i < 1000; i++)
                Interlocked.Increment(ref counts[pool.Reserve([], default)!.Slot]);
        });
        Assert.Equal([3000, 1000], counts);
    }

    [Fact]
    public void A_pool_spec_equals_one_with_equal_backends()
    {
        PoolSpec Make(int weight) => Rig.Pool(Rig.Backend("a", new(IPAddress.Loopback, 1)) with { Weight = weight });
        Assert.Equal(Make(1), Make(1));
        Assert.NotEqual(Make(1), Make(2));
    }

    private static Pool PoolOf(
        BalanceAlgorithm algorithm, string weights, Func<BackendSpec, int, BackendSpec>? change = null)
    {
        var backends = weights.Split(',').Select((weight, i) =>
        {
            var spec = new BackendSpec
            {
                Name = ((char)('a' + i)).ToString(),
                Endpoint = new(IPAddress.Loopback, 1),
                Weight = int.Parse(weight),
            };
            return new Backend(change is null ? spec : change(spec, i), (ushort)i, new());
        });
        return new(new() { Name = "p", Balance = algorithm }, [.. backends]);
    }

    private static string Picks(Pool pool, int count, params ushort[] tried) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => pool.Reserve(tried, default)!.Spec.Name));

    private static string Sorted(string text) => string.Concat(text.Order());
}

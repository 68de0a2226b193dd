using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

/// <summary>
/// The two algorithms that choose by the source: how even they are, and how little moves when pools change.
/// </summary>
public sealed class SourceHashingTests
{
    private const int Sources = 20_000;

    public static TheoryData<BalanceAlgorithm> Algorithms => [BalanceAlgorithm.SourceHash, BalanceAlgorithm.Maglev];

    // Weights before and after.
    private static readonly (int[] Before, int[] After)[] _changes =
    [
        ([10, 10, 10], [10, 10, 10, 10]),
        ([10, 10, 10, 10], [10, 10, 10]),
        ([10, 10, 10, 10], [10, 0, 10, 10]),
        ([1, 1, 1, 1], [1, 2, 1, 1]),
        ([100, 100, 100, 100], [100, 100, 100, 1]),
        ([5, 3, 2], [5, 3, 4]),
        ([7], [7, 7]),
        ([.. Enumerable.Repeat(1, 100)], [.. Enumerable.Repeat(1, 101)]),
        ([.. Enumerable.Range(1, 50)], [.. Enumerable.Range(1, 49)]),
    ];

    public static TheoryData<BalanceAlgorithm, int[], int[]> Changes => new(
        from algorithm in new[] { BalanceAlgorithm.SourceHash, BalanceAlgorithm.Maglev }
        from change in _changes
        select (algorithm, change.Before, change.After));

    public static TheoryData<int[], int[]> ChangesOfOne => new(_changes);

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_source_stays_with_its_backend(BalanceAlgorithm algorithm)
    {
        var pool = Pools.Of(algorithm, Pools.Members(3, 1, 2));
        var again = Pools.Of(algorithm, Pools.Members(3, 1, 2));
        var choices = Pools.Choices(pool, Sources);
        Assert.Equal(choices, Pools.Choices(pool, Sources));
        Assert.Equal(choices, Pools.Choices(again, Sources));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void The_order_of_the_backends_does_not_matter(BalanceAlgorithm algorithm)
    {
        var members = Pools.Members(3, 1, 2, 9).ToList();
        var choices = Pools.Choices(Pools.Of(algorithm, members), Sources);
        members.Reverse();
        Assert.Equal(choices, Pools.Choices(Pools.Of(algorithm, members), Sources));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Sources_spread_by_weight_within_a_twentieth(BalanceAlgorithm algorithm)
    {
        int[] weights = [10, 10, 20, 40, 20];
        var choices = Pools.Choices(Pools.Of(algorithm, Pools.Members(weights)), 5 * Sources);
        for (var i = 0; i < weights.Length; i++)
        {
            var expected = 5.0 * Sources * weights[i] / weights.Sum();
            Assert.InRange(choices.Count(name => name == $"b{i}"), 0.95 * expected, 1.05 * expected);
        }
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_changed_pool_moves_at_most_a_fiftieth_more_than_it_must(
        BalanceAlgorithm algorithm, int[] before, int[] after)
    {
        var (old, fresh) = (Pools.Members(before).ToList(), Pools.Members(after).ToList());
        var choices = Pools.Choices(Pools.Of(algorithm, old), Sources);
        var moved = choices.Zip(Pools.Choices(Pools.Of(algorithm, fresh), Sources))
            .Count(choice => choice.First != choice.Second);
        Assert.InRange((double)moved / Sources - Pools.NecessaryChange(old, fresh), -0.02, 0.02);
    }

    [Theory]
    [MemberData(nameof(ChangesOfOne))]
    public void With_rendezvous_nothing_moves_between_backends_that_did_not_change(int[] before, int[] after)
    {
        const BalanceAlgorithm algorithm = BalanceAlgorithm.SourceHash;
        var (old, fresh) = (Pools.Members(before).ToList(), Pools.Members(after).ToList());
        var unchanged = old.Intersect(fresh).Select(member => member.Name).ToHashSet();
        var choices = Pools.Choices(Pools.Of(algorithm, old), Sources);
        Assert.DoesNotContain(
            choices.Zip(Pools.Choices(Pools.Of(algorithm, fresh), Sources)),
            choice => choice.First != choice.Second
                && unchanged.Contains(choice.First) && unchanged.Contains(choice.Second));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_backend_that_is_down_or_drains_moves_its_own_sources_only(BalanceAlgorithm algorithm)
    {
        var choices = Pools.Choices(Pools.Of(algorithm, Pools.Members(1, 2, 1, 4)), Sources);
        foreach (var state in new[] { BackendState.Down, BackendState.Drain })
        {
            var without = Pools.Choices(
                Pools.Of(algorithm, Specs(1, 2, 1, 4).Select((spec, i) => i == 1 ? spec with { State = state } : spec)),
                Sources);
            AssertOnlyMovedFrom("b1", choices, without);
            // They spread over the rest by weight, 1 : 1 : 4.
            var movedToLargest = choices.Zip(without).Count(choice => choice is ("b1", "b3"));
            Assert.InRange(movedToLargest, 0.95 * 4 / 6 * Sources / 4, 1.05 * 4 / 6 * Sources / 4);
        }
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_backend_that_was_tried_moves_its_own_sources_only(BalanceAlgorithm algorithm)
    {
        var pool = Pools.Of(algorithm, Pools.Members(1, 1, 1, 1, 1));
        AssertOnlyMovedFrom("b3", Pools.Choices(pool, Sources), Pools.Choices(pool, Sources, default, 3));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Sources_of_a_full_backend_come_back_when_it_has_room(BalanceAlgorithm algorithm)
    {
        var pool = Pools.Of(algorithm, Specs(1, 1).Select(spec => spec with { MaxConnections = 1 }));
        var first = pool.Reserve([], default, source: Pools.Source(1))!;
        var second = pool.Reserve([], default, source: Pools.Source(1))!;
        Assert.NotEqual(first, second);
        Assert.Null(pool.Reserve([], default, source: Pools.Source(1)));
        first.Connections.Release();
        Assert.Equal(first, pool.Reserve([], default, source: Pools.Source(1)));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Of_a_thousand_backends_the_only_one_that_is_up_gets_all(BalanceAlgorithm algorithm)
    {
        var pool = Pools.Of(algorithm, Specs([.. Enumerable.Repeat(1, 1000)]).Select((spec, i) =>
            i == 700 ? spec : spec with { State = BackendState.Down }));
        Assert.All(Pools.Choices(pool, 100), name => Assert.Equal("b700", name));
        Assert.Null(Pools.Of(algorithm, Specs(1, 0).Select(spec => spec with { State = BackendState.Down }))
            .Reserve([], default, source: Pools.Source(1)));
        Assert.Null(Pools.Of(algorithm, Specs(0, 0)).Reserve([], default, source: Pools.Source(1)));
        Assert.Null(Pools.Of(algorithm, Specs()).Reserve([], default, source: Pools.Source(1)));
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void In_slow_start_a_backend_takes_source_after_source_and_gives_none_back(BalanceAlgorithm algorithm)
    {
        var time = TimeSpan.FromSeconds(10);
        var slow = Pools.Of(algorithm, Specs(1, 1, 1).Select((spec, i) =>
            i == 2 ? spec with { SlowStart = time } : spec));
        var held = new HashSet<int>();
        foreach (var tenth in Enumerable.Range(0, 11))
        {
            var choices = Pools.Choices(slow, Sources, time * tenth / 10);
            var now = Enumerable.Range(0, Sources).Where(i => choices[i] == "b2").ToHashSet();
            Assert.Superset(held, now);
            var share = tenth / 10.0;
            var expected = algorithm == BalanceAlgorithm.Maglev ? share / 3 : share / (share + 2);
            Assert.InRange(now.Count, 0.9 * expected * Sources - 20, 1.1 * expected * Sources + 20);
            held = now;
        }
        Assert.Equal(Pools.Choices(Pools.Of(algorithm, Specs(1, 1, 1)), Sources), Pools.Choices(slow, Sources, time));
    }

    private static void AssertOnlyMovedFrom(string name, string[] before, string[] after)
    {
        Assert.Contains(name, before);
        Assert.DoesNotContain(name, after);
        Assert.All(
            before.Zip(after).Where(choice => choice.First != name),
            choice => Assert.Equal(choice.First, choice.Second));
    }

    private static IEnumerable<BackendSpec> Specs(params IEnumerable<int> weights) =>
        Pools.Members(weights).Select(member => Pools.Backend(member.Name, member.Weight));
}

using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

public sealed class MaglevTableTests
{
    [Theory]
    [InlineData(1, 65_537)]
    [InlineData(655, 65_537)]
    [InlineData(656, 655_373)]
    [InlineData(6_553, 655_373)]
    [InlineData(6_554, 1_000_003)]
    public void A_table_has_a_prime_number_of_entries_and_a_hundred_for_each_backend(int backends, int size)
    {
        var table = TableOf(Enumerable.Repeat(1, backends));
        Assert.Equal(size, table.Size);
        Assert.True(table.Size >= 100 * backends);
        Assert.DoesNotContain(Enumerable.Range(2, (int)Math.Sqrt(size)), divisor => size % divisor == 0);
        Assert.All(Entries(table), index => Assert.InRange(index, 0, backends - 1));
    }

    [Theory]
    [InlineData("1,1,1,1,1,1,1")]
    [InlineData("1,2,3,4,5")]
    [InlineData("1000,1,1,0")]
    [InlineData("100,100,50,100,200,7")]
    public void Entries_are_met_by_weight_but_for_one(string weights)
    {
        var numbers = weights.Split(',').Select(int.Parse).ToArray();
        var table = TableOf(numbers);
        var entries = Entries(table);
        for (var i = 0; i < numbers.Length; i++)
        {
            var expected = (double)table.Size * numbers[i] / numbers.Sum();
            Assert.InRange(entries.Count(index => index == i), expected - 1.5, expected + 1.5);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(655)]
    public void A_backend_that_leaves_changes_at_most_a_fiftieth_beyond_its_own_entries(int backends)
    {
        var before = Entries(TableOf(Enumerable.Repeat(1, backends)));
        for (var leaving = 0; leaving < backends; leaving += 1 + backends / 3)
        {
            var after = Entries(TableOf(Enumerable.Range(0, backends).Select(i => i == leaving ? 0 : 1)));
            Assert.DoesNotContain(leaving, after);
            var others = before.Zip(after).Count(entry => entry.First != entry.Second && entry.First != leaving);
            Assert.InRange((double)others / before.Length, 0, 0.02);
        }
    }

    [Fact]
    public void A_table_is_used_again_while_names_and_weights_are_the_same()
    {
        var first = TableOf([1, 2]);
        Assert.Same(first, TableOf([1, 2], first));
        Assert.NotSame(first, TableOf([1, 3], first));
        Assert.NotSame(first, TableOf([1, 2, 3], first));
    }

    [Fact]
    public void Without_any_weight_every_entry_is_empty() => Assert.Null(TableOf([0, 0])[7]);

    private static MaglevTable TableOf(IEnumerable<int> weights, MaglevTable? known = null) => MaglevTable.Of(
        weights.Select((weight, i) => new Backend(Pools.Backend($"b{i}", weight), (ushort)i, new())).ToArray(), known);

    private static int[] Entries(MaglevTable table) =>
        [.. Enumerable.Range(0, table.Size).Select(entry => table[entry] ?? -1)];
}

using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

public sealed class PersistenceTableTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TimeToLive = 30 * Second;

    [Theory]
    [InlineData(0, true)]
    [InlineData(29, true)]
    [InlineData(30, false)]
    [InlineData(1000, false)]
    public void A_source_is_remembered_for_the_time_to_live(int age, bool isRemembered)
    {
        var table = TableOf();
        table.Remember(Pools.Source(1), 7, 5 * Second);
        Assert.Equal(isRemembered ? (ushort)7 : null, table.Find(Pools.Source(1), (5 + age) * Second));
        Assert.Null(table.Find(Pools.Source(2), 5 * Second));
    }

    [Fact]
    public void Use_begins_the_time_anew_and_the_last_backend_counts()
    {
        var table = TableOf();
        table.Remember(Pools.Source(1), 7, default);
        table.Remember(Pools.Source(1), 8, 20 * Second);
        Assert.Equal((ushort)8, table.Find(Pools.Source(1), 49 * Second));
        table.Remember(Pools.Source(1), 9, 80 * Second);
        Assert.Equal((ushort)9, table.Find(Pools.Source(1), 81 * Second));
        Assert.Single(table.Export(81 * Second));
    }

    [Theory]
    [InlineData(32, 128, "198.51.100.7", "198.51.100.7", true)]
    [InlineData(32, 128, "198.51.100.7", "198.51.100.6", false)]
    [InlineData(24, 128, "198.51.100.7", "198.51.100.250", true)]
    [InlineData(24, 128, "198.51.100.7", "198.51.101.7", false)]
    [InlineData(1, 128, "198.51.100.7", "255.0.0.1", true)]
    [InlineData(1, 128, "198.51.100.7", "127.0.0.1", false)]
    [InlineData(32, 64, "2001:db8::1", "2001:db8::ffff:1", true)]
    [InlineData(32, 64, "2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData(32, 128, "2001:db8::1", "2001:db8::2", false)]
    [InlineData(32, 1, "2001:db8::1", "7fff::1", true)]
    [InlineData(32, 1, "2001:db8::1", "8000::1", false)]
    [InlineData(1, 1, "0.0.0.1", "::1", false)]
    public void A_prefix_makes_one_source_of_a_network(
        int ipv4Prefix, int ipv6Prefix, string one, string other, bool isOne)
    {
        var table = new PersistenceTable(new(Second, ipv4Prefix, ipv6Prefix, 10), seed: 1);
        table.Remember(Pools.Source(one), 7, default);
        Assert.Equal(isOne, table.Find(Pools.Source(other), default) is not null);
    }

    [Fact]
    public void The_source_unused_for_longest_gives_its_place_to_a_new_one()
    {
        var table = TableOf(entries: 3);
        foreach (var source in new[] { 1, 2, 3, 1, 4 })
            table.Remember(Pools.Source(source), (ushort)source, default);
        Assert.Equal([3, 1, 4], table.Export(default).Select(entry => (int)entry.Slot));
        Assert.Null(table.Find(Pools.Source(2), default));
    }

    [Fact]
    public void A_flood_of_sources_takes_no_more_memory()
    {
        var table = TableOf(entries: 1000);
        void Flood(int first)
        {
            for (var i = 0; i < 50_000; i++)
                table.Remember(new((UInt128)(first + i) << 40), 1, default);
        }
        Flood(0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Flood(100_000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(1000, table.Export(default).Count);
    }

    // The model is a list in the order of use; what is forgotten keeps its place.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(64)]
    public void Random_use_leaves_what_a_list_would_hold(int entries)
    {
        const int forgotten = -1;
        var table = TableOf(entries);
        var model = new List<(SourceAddress Source, int Slot, TimeSpan LastUsed)>();
        var random = new Random(entries);
        for (var step = 0; step < 3000; step++)
        {
            var (source, slot, now) = (Pools.Source(random.Next(2 * entries)), random.Next(5), step * Second);
            var known = model.Where(entry => entry.Slot != forgotten && now - entry.LastUsed < TimeToLive).ToList();
            Assert.Equal(
                known.Select(entry => (entry.Source, entry.Slot)),
                table.Export(now).Select(entry => (entry.Source, (int)entry.Slot)));
            Assert.Equal(
                known.Where(entry => entry.Source == source).Select(entry => (ushort?)entry.Slot).SingleOrDefault(),
                table.Find(source, now));
            if (random.Next(50) == 0)
            {
                table.Forget(kept => kept != slot);
                model = [.. model.Select(entry => entry.Slot == slot ? entry with { Slot = forgotten } : entry)];
            }
            table.Remember(source, (ushort)slot, now);
            model.RemoveAll(entry => entry.Source == source);
            model.Add((source, slot, now));
            if (model.Count > entries)
                model.RemoveAt(0);
        }
    }

    [Fact]
    public void Sources_of_a_backend_that_left_are_forgotten()
    {
        var table = TableOf();
        table.Remember(Pools.Source(1), 1, default);
        table.Remember(Pools.Source(2), 2, default);
        table.Forget(slot => slot == 2);
        Assert.Null(table.Find(Pools.Source(1), default));
        Assert.Equal((ushort)2, table.Find(Pools.Source(2), default));
        Assert.Single(table.Export(default));
        table.Remember(Pools.Source(1), 3, default);
        Assert.Equal((ushort)3, table.Find(Pools.Source(1), default));
    }

    [Fact]
    public void Many_threads_may_use_it()
    {
        var table = TableOf(entries: 500);
        Parallel.For(0, 4, thread =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var source = i % 1000;
                Assert.True(table.Find(Pools.Source(source), default) is not { } slot || slot == source);
                table.Remember(Pools.Source(source), (ushort)source, default);
            }
        });
        Assert.Equal(500, table.Export(default).Select(entry => entry.Source).Distinct().Count());
    }

    private static PersistenceTable TableOf(int entries = 10) => new(new(TimeToLive, 32, 128, entries), seed: 1);
}

using AnycastVip.Proxy.Limits;

namespace AnycastVip.Proxy.Tests.Limits;

/// <summary>What each source may take, without a clock.</summary>
public sealed class SourceTableTests
{
    private static readonly UInt128 Mapped = (UInt128)0xFFFF << 32;

    [Fact]
    public void A_source_holds_as_many_connections_as_it_may()
    {
        var table = new SourceTable(new() { Connections = 2 }, 1);
        Assert.True(Admit(table, 1));
        Assert.True(Admit(table, 1));
        Assert.False(Admit(table, 1));
        Assert.True(Admit(table, 2));
        Release(table, 1);
        Assert.True(Admit(table, 1));
        Assert.False(Admit(table, 1));
    }

    // Milliseconds of attempts, and which of them are let in: two a second, three at once.
    [Theory]
    [InlineData("0 0 0 0", "yyyn")]
    [InlineData("0 0 0 499 500 500", "yyynyn")]
    [InlineData("0 0 0 1000 1000 1000", "yyyyyn")]
    [InlineData("0 0 0 60000 60000 60000 60000", "yyyyyyn")]
    [InlineData("0 500 1000 1500 2000 2500 3000", "yyyyyyy")]
    [InlineData("0 0 0 0 0 0 0 500", "yyynnnny")]
    public void New_connections_are_limited_to_a_rate_and_a_burst(string times, string expected)
    {
        var table = new SourceTable(new() { Rate = 2, Burst = 3 }, 1);
        var admitted = times.Split(' ')
            .Select(time => table.TryAdmit(Mapped | 1, true, TimeSpan.FromMilliseconds(int.Parse(time)), out _));
        Assert.Equal(expected, string.Concat(admitted.Select(isIn => isIn ? 'y' : 'n')));
    }

    [Theory]
    [InlineData(32, 0x0A000001, 0x0A000002, false)]
    [InlineData(24, 0x0A000001, 0x0A0000FF, true)]
    [InlineData(24, 0x0A000001, 0x0A000101, false)]
    [InlineData(1, 0x0A000001, 0x7F000001, true)]
    public void IPv4_addresses_of_one_prefix_are_one_source(int prefix, uint one, uint other, bool isSame)
    {
        var table = new SourceTable(new() { Connections = 1, IPv4Prefix = prefix }, 1);
        Assert.True(table.TryAdmit(Mapped | one, true, default, out _));
        Assert.Equal(!isSame, table.TryAdmit(Mapped | other, true, default, out _));
    }

    [Theory]
    [InlineData(64, 63, false)]
    [InlineData(64, 64, true)]
    [InlineData(128, 127, false)]
    [InlineData(48, 50, true)]
    public void IPv6_addresses_of_one_prefix_are_one_source(int prefix, int firstDifferentBit, bool isSame)
    {
        var table = new SourceTable(new() { Connections = 1, IPv6Prefix = prefix }, 1);
        var address = (UInt128)0x20010DB8 << 96;
        Assert.True(table.TryAdmit(address, false, default, out _));
        var other = address ^ (UInt128.One << (127 - firstDifferentBit));
        Assert.Equal(!isSame, table.TryAdmit(other, false, default, out _));
    }

    [Fact]
    public void A_flood_of_sources_neither_forgets_a_heavy_one_nor_keeps_others_out()
    {
        var table = new SourceTable(new() { Rate = 1, Burst = 5 }, 1, sets: 64);
        for (var i = 0; i < 5; i++)
            Assert.True(Admit(table, 1));
        Assert.False(Admit(table, 1));
        for (uint source = 1000; source < 50_000; source++)
        {
            Assert.True(table.TryAdmit(Mapped | source, true, default, out var isCounted));
            if (isCounted)
                Release(table, source);
        }
        Assert.False(Admit(table, 1));
    }

    [Fact]
    public void Sources_that_hold_connections_are_not_forgotten_and_what_finds_no_place_is_let_in_uncounted()
    {
        var table = new SourceTable(new() { Connections = 1 }, 1, sets: 1);
        for (uint source = 0; source < 8; source++)
            Assert.True(Admit(table, source));
        Assert.True(table.TryAdmit(Mapped | 100, true, default, out var isCounted));
        Assert.False(isCounted);
        for (uint source = 0; source < 8; source++)
            Assert.False(Admit(table, source));
        Release(table, 3);
        Assert.True(table.TryAdmit(Mapped | 100, true, default, out isCounted));
        Assert.True(isCounted);
    }

    [Fact]
    public void Other_limits_keep_what_was_counted_unless_a_source_is_something_else_now()
    {
        var table = SourceTable.For(new() { Connections = 1 }, null)!;
        Assert.True(Admit(table, 1));
        Assert.Same(table, SourceTable.For(new() { Connections = 2 }, table));
        Assert.True(Admit(table, 1));
        Assert.False(Admit(table, 1));
        var other = SourceTable.For(new() { Connections = 2, IPv4Prefix = 24 }, table)!;
        Assert.NotEqual(table.Version, other.Version);
        Assert.Null(SourceTable.For(null, other));
    }

    [Fact]
    public void Counts_are_exact_over_many_threads()
    {
        var table = new SourceTable(new() { Connections = 1000 }, 1);
        var admitted = 0;
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 1000; i++)
            {
                if (Admit(table, 1))
                    Interlocked.Increment(ref admitted);
            }
        });
        Assert.Equal(1000, admitted);
    }

    private static bool Admit(SourceTable table, uint source) =>
        table.TryAdmit(Mapped | source, true, default, out _);

    private static void Release(SourceTable table, uint source) => table.Release(Mapped | source, true);
}

using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Replacement;

namespace AnycastVip.Proxy.Tests.Replacement;

public sealed class HandOverSourcesTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(50_000, 1)]
    [InlineData(50_001, 2)]
    public void Sources_come_back_in_their_order_however_many_messages_they_take(int sources, int messages)
    {
        var pool = new PersistentSources("web",
        [
            .. Enumerable.Range(0, sources).Select(i => new PersistentSource(
                new(((UInt128)0x20010db8 << 96) + (UInt128)i), $"s{i % 7}", TimeSpan.FromMilliseconds(sources - i))),
        ]);
        var sent = HandOverSources.ToMessages([pool]).ToList();
        Assert.Equal(messages, sent.Count);
        var read = sent.Select(HandOverSources.Read).ToList();
        Assert.All(read, part => Assert.Equal("web", part.Pool));
        Assert.Equal(pool.Sources, read.SelectMany(part => part.Sources));
        // Far below the largest message that a hand-over takes.
        Assert.All(sent, message => Assert.InRange(message.CalculateSize(), 1, 8 << 20));
    }

    [Fact]
    public void What_cannot_be_read_is_refused_in_a_sentence()
    {
        Assert.Contains(
            "does not say which sources",
            Assert.Throws<IOException>(() => HandOverSources.Read(new() { Serving = new() })).Message,
            StringComparison.Ordinal);
        var message = new HandOver { Persistence = new() { Pool = "web" } };
        message.Persistence.Sources.Add(new HandOverSource { Age = new() { Nanos = -1, Seconds = 1 } });
        Assert.Contains(
            "cannot be read",
            Assert.Throws<IOException>(() => HandOverSources.Read(message)).Message,
            StringComparison.Ordinal);
    }
}

using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

public sealed class FramerTests
{
    private static readonly byte[] KeepAlive = [.. Enumerable.Repeat((byte)0xFF, 16), 0, 19, 4];

    [Fact]
    public void Nothing_received_needs_more() =>
        Assert.Equal(FrameStatus.NeedMore, Framer.Next([], 4096, out _, out _, out _));

    [Fact]
    public void A_message_that_lacks_its_last_octet_needs_more() =>
        Assert.Equal(FrameStatus.NeedMore, Framer.Next(KeepAlive.AsSpan(0, 18), 4096, out _, out _, out _));

    [Fact]
    public void A_message_is_cut_where_it_ends()
    {
        byte[] stream = [.. KeepAlive, .. KeepAlive];

        Assert.Equal(FrameStatus.Message, Framer.Next(stream, 4096, out var type, out var length, out var error));
        Assert.Equal((MessageType.KeepAlive, 19), (type, length));
        Assert.Null(error);
    }

    [Fact]
    public void Every_split_into_two_segments_gives_the_same_messages()
    {
        var vectors = VectorFiles.All.Where(vector => vector.Reaction == "established" && vector.Bytes.Length < 200);
        byte[] stream = [.. vectors.SelectMany(vector => vector.Bytes)];
        var whole = Cut(stream, stream.Length);

        for (var split = 0; split <= stream.Length; split++)
            Assert.Equal(whole, Cut(stream, split));
    }

    [Fact]
    public void An_error_is_seen_as_soon_as_its_octets_are_there()
    {
        byte[] octets = [.. Enumerable.Repeat((byte)0xFF, 16), 0, 18, 9];

        Assert.Equal(FrameStatus.NeedMore, Framer.Next(octets.AsSpan(0, 17), 4096, out _, out _, out _));
        Assert.Equal(FrameStatus.Error, Framer.Next(octets.AsSpan(0, 18), 4096, out _, out _, out _));
    }

    private static List<(MessageType Type, int Length)> Cut(byte[] stream, int firstSegment)
    {
        var messages = new List<(MessageType, int)>();
        var consumed = 0;
        foreach (var received in (int[])[firstSegment, stream.Length])
        {
            while (Framer.Next(stream.AsSpan(consumed..received), 4096, out var type, out var length, out var error)
                == FrameStatus.Message)
            {
                Assert.Null(error);
                messages.Add((type, length));
                consumed += length;
            }
        }
        Assert.Equal(stream.Length, consumed);
        return messages;
    }
}

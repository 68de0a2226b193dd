using System.Net;
using AnycastVip.BgpSpeaker.Bfd;
using static AnycastVip.BgpSpeaker.Tests.Bfd.BfdSample;

namespace AnycastVip.BgpSpeaker.Tests.Bfd;

public sealed class BfdDemultiplexerTests
{
    private static readonly IPAddress Router = IPAddress.Parse("192.0.2.2");
    private static readonly IPAddress LinkLocal = IPAddress.Parse("fe80::1");
    private static readonly IPAddress Node = IPAddress.Parse("192.0.2.1");
    private static readonly BfdPacket First = RemotePacket(BfdState.Down) with { YourDiscriminator = 0 };

    [Fact]
    public void A_discriminator_survives_a_restart()
    {
        var before = new BfdDemultiplexer(secret: 7);
        var first = before.Add("tor1", new() { Remote = Router });
        var second = before.Add("tor2", new() { Remote = LinkLocal });

        var after = new BfdDemultiplexer(secret: 7);

        Assert.Equal(second, after.Add("tor2", new() { Remote = LinkLocal }));
        Assert.Equal(first, after.Add("tor1", new() { Remote = Router }));
    }

    [Fact]
    public void Discriminators_differ_by_name_and_by_secret_and_are_never_zero()
    {
        var discriminators = new HashSet<uint>();
        for (ulong secret = 0; secret < 20; secret++)
        {
            var demultiplexer = new BfdDemultiplexer(secret);
            for (var i = 0; i < 20; i++)
                Assert.True(discriminators.Add(demultiplexer.Add($"peer{i}", new() { Remote = Router })));
        }
        Assert.DoesNotContain(0u, discriminators);
    }

    [Fact]
    public void Equal_names_get_discriminators_of_their_own()
    {
        var demultiplexer = new BfdDemultiplexer(secret: 7);

        Assert.NotEqual(
            demultiplexer.Add("tor1", new() { Remote = Router }), demultiplexer.Add("tor1", new() { Remote = Router }));
    }

    [Fact]
    public void Link_local_neighbours_with_one_address_are_told_apart_by_their_interface()
    {
        var demultiplexer = new BfdDemultiplexer(secret: 7);
        demultiplexer.Add("tor1", new() { Remote = LinkLocal, Interface = 1 });
        var second = demultiplexer.Add("tor2", new() { Remote = LinkLocal, Interface = 2 });
        var arrival = new BfdArrival(LinkLocal, Node, Interface: 2, BfdPath.SingleHopPort, Ttl: 255);

        Assert.Equal(BfdDiscardReason.None, demultiplexer.Find(First, arrival, out var found));
        Assert.Equal(second, found);
        Assert.Equal(
            BfdDiscardReason.NoSession, demultiplexer.Find(First, arrival with { Interface = 3 }, out found));
        Assert.Equal(0u, found);
    }

    [Fact]
    public void A_multihop_session_is_selected_by_both_addresses()
    {
        var demultiplexer = new BfdDemultiplexer(secret: 7);
        var session = demultiplexer.Add("far", new() { Remote = Router, Local = Node, IsMultihop = true });
        var arrival = new BfdArrival(Router, Node, Interface: 9, BfdPath.MultihopPort, Ttl: 254);

        Assert.Equal(BfdDiscardReason.None, demultiplexer.Find(First, arrival, out var found));
        Assert.Equal(session, found);
        Assert.Equal(
            BfdDiscardReason.NoSession, demultiplexer.Find(First, arrival with { Local = Router }, out _));
    }

    [Fact]
    public void A_removed_session_is_not_found()
    {
        var demultiplexer = new BfdDemultiplexer(secret: 7);
        var session = demultiplexer.Add("tor1", new() { Remote = Router });
        var arrival = new BfdArrival(Router, Node, Interface: 1, BfdPath.SingleHopPort, Ttl: 255);
        var packet = First with { YourDiscriminator = session };
        Assert.Equal(BfdDiscardReason.None, demultiplexer.Find(packet, arrival, out _));

        demultiplexer.Remove(session);

        Assert.Equal(BfdDiscardReason.UnknownYourDiscriminator, demultiplexer.Find(packet, arrival, out _));
        Assert.Equal(BfdDiscardReason.NoSession, demultiplexer.Find(First, arrival, out _));
    }

    [Theory]
    [InlineData(0, 0, 49152)]
    [InlineData(16383, 0, 65535)]
    [InlineData(16383, 1, 49152)]
    [InlineData(0xFFFFFFFF, 0, 65535)]
    [InlineData(0xFFFFFFFF, 2, 49153)]
    public void Source_ports_are_those_of_RFC_5881(uint localDiscr, int attempt, int port) =>
        Assert.Equal(port, BfdPath.SourcePort(localDiscr, attempt));
}

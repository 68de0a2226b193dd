using System.Diagnostics;
using System.Net;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

[CollectionDefinition(nameof(MeasuresMemory), DisableParallelization = true)]
public sealed class MeasuresMemory;

/// <summary>The speaker keeps nothing of what peers announce. Runs alone, so that memory can be measured.</summary>
[Collection(nameof(MeasuresMemory))]
public sealed class ReceivedRoutesMemoryTests
{
    private const string Address = "127.2.0.1";
    private const int Routes = 1_000_000;
    private const long MaximumGrowth = 4 * 1024 * 1024;

    [Fact]
    public async Task Fault_17_a_million_routes_are_counted_and_dropped_with_keepalives_on_time()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(Address));
        await using var peer = await AlivePeer.EstablishAsync(speaker, Address);
        var updates = Encode();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        // Again and again, for longer than the hold time, in writes so long that there is always something to read.
        var (rounds, since) = (0UL, Stopwatch.GetTimestamp());
        for (; Stopwatch.GetElapsedTime(since).TotalSeconds <= AlivePeer.HoldTimeSeconds; rounds++)
        {
            await peer.SendAsync(updates);
        }

        var status = await Poll.Until(
            () => speaker.StatusAsync(Address),
            status => status.ReceivedRoutes.Announced >= rounds * Routes,
            TestSpeaker.Bound,
            "the speaker has read every route");
        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(rounds * Routes, status.ReceivedRoutes.Announced);
        Assert.Equal((BgpState.Established, 0L), (status.State, status.Flaps));
        Assert.True(growth < MaximumGrowth, $"{growth} octets more than before");
        peer.AssertNeverMissed();
        GC.KeepAlive(updates);
    }

    private static byte[] Encode()
    {
        var prefixes = Enumerable.Range(0, Routes)
            .Select(i => Prefix.Create(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]), 32)!.Value)
            .ToArray();
        var attributes = new EncodedAttributes(
            new PathAttributes { AsPath = [TestSpeaker.PeerAs], NextHop = IPAddress.Parse("192.0.2.2") },
            fourOctetAs: true);
        var updates = new List<byte>();
        var buffer = new byte[MessageSize.Maximum];
        for (var at = 0; at < prefixes.Length;)
        {
            var length = UpdateEncoder.EncodeAnnounce(buffer, attributes, prefixes.AsSpan(at), out var consumed);
            updates.AddRange(buffer.AsSpan(0, length));
            at += consumed;
        }
        return [.. updates];
    }
}

using System.Net;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public sealed class FiguresTests
{
    [Fact]
    public void Counts_of_several_loops_are_summed_up()
    {
        const int loops = 4, times = 100_000;
        var traffic = new Traffic(loops);
        Parallel.For(0, loops, loop =>
        {
            for (var i = 0; i < times; i++)
            {
                traffic.CountConnection(loop);
                traffic.CountOctets(loop, isFromClient: true, 2);
                traffic.CountOctets(loop, isFromClient: false, 3);
            }
        });
        Assert.Equal(
            (loops * times, 2L * loops * times, 3L * loops * times),
            (traffic.Connections, traffic.OctetsFromClients, traffic.OctetsToClients));
    }

    [Fact]
    public void A_loop_that_has_seen_nothing_has_no_histograms()
    {
        var traffic = new Traffic(loops: 3);
        var latencies = traffic.LatenciesOf(1);
        Assert.Same(latencies, traffic.LatenciesOf(1));
        Assert.Same(latencies, Assert.Single(traffic.Filled()));
    }

    [Fact]
    public async Task A_connection_is_timed_for_its_listener_its_backend_and_its_pool()
    {
        using var rig = new Rig();
        var backend = rig.Listen();
        var endpoint = rig.Open(Rig.Pool(
            Rig.Backend("b", backend.EndPoint()), Rig.Backend("spare", Rig.Nobody()) with { Weight = 0 }));
        var (client, server) = await rig.Pair(endpoint, backend);
        await client.Write(new byte[1]);
        await server.Read(1);
        await server.Write(new byte[2]);
        await client.Read(2);
        // The second answer is not the first octet.
        await server.Write(new byte[2]);
        await client.Read(2);
        AssertCounts(rig, endpoint, connects: 1, firstOctets: 1, durations: 0);
        client.Dispose();
        server.Dispose();
        await rig.Quiet();
        AssertCounts(rig, endpoint, connects: 1, firstOctets: 1, durations: 1);
        Assert.Equal(0, BackendOf(rig, "spare").Connect.Count);
    }

    [Fact]
    public async Task A_connection_without_a_backend_is_timed_for_its_listener_alone()
    {
        using var rig = new Rig();
        var endpoint = rig.Open(Rig.Pool(Rig.Backend("gone", Rig.Nobody())));
        await rig.AssertTurnedAway(endpoint);
        await rig.Quiet();
        Assert.Equal(1, rig.Engine.Latencies().Listeners.Single().Duration.Count);
        Assert.Equal((0, 0), (BackendOf(rig, "gone").Connect.Count, BackendOf(rig, "gone").Duration.Count));
    }

    private static void AssertCounts(Rig rig, IPEndPoint endpoint, long connects, long firstOctets, long durations)
    {
        var listener = rig.Engine.Latencies().Listeners.Single(each => each.Endpoint.Equals(endpoint));
        Assert.Equal((firstOctets, durations), (listener.FirstOctet.Count, listener.Duration.Count));
        foreach (var latencies in new[] { BackendOf(rig, "b"), rig.Engine.Latencies().Pools.Single() })
        {
            Assert.Equal(
                (connects, firstOctets, durations),
                (latencies.Connect.Count, latencies.FirstOctet.Count, latencies.Duration.Count));
        }
    }

    private static BackendLatencies BackendOf(Rig rig, string name) =>
        rig.Engine.Latencies().Backends.Single(latencies => latencies.Backend == name);
}

using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

/// <summary>Closing by an order: spread, with an end first.</summary>
public abstract class ClosingTests(TransportKind transport) : IDisposable
{
    private static readonly ConnectionSelector All = new();

    private readonly Rig _rig = new(transport: transport);

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Both_sides_are_ended_and_what_closes_then_is_not_reset()
    {
        var (backend, endpoint) = Open();
        var (client, server) = await _rig.Pair(endpoint, backend);
        await server.Write("x"u8.ToArray());
        Assert.Single(await client.Read(1));
        Assert.Equal(1, _rig.Engine.CloseConnections(All, null, new(TimeSpan.Zero, Rig.Patience * 2)));
        await client.AssertEnd();
        await server.AssertEnd();
        Assert.Equal(1, _rig.Count(endpoint).Connections);
        client.Close();
        server.Close();
        await _rig.Quiet();
        Assert.Equal(0, _rig.Count("b").Reset);
    }

    [Fact]
    public async Task What_does_not_close_is_reset_after_the_grace()
    {
        var (backend, endpoint) = Open();
        var (client, server) = await _rig.Pair(endpoint, backend);
        _rig.Engine.CloseConnections(All, null, new(TimeSpan.Zero, TimeSpan.FromMilliseconds(100)));
        await client.AssertEnd();
        await server.AssertEnd();
        await _rig.Quiet();
    }

    [Fact]
    public async Task Connections_end_one_after_the_other_and_each_is_counted_once()
    {
        const int count = 20;
        var (backend, endpoint) = Open();
        for (var i = 0; i < count; i++)
            await _rig.Pair(endpoint, backend);
        var manner = new ClosingManner(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(50));
        Assert.Equal(count, _rig.Engine.CloseConnections(All, null, manner));
        Assert.Equal(0, _rig.Engine.CloseConnections(All, null, manner));
        var seen = new HashSet<int>();
        await Poll.Until(
            () => _rig.Count(endpoint).Connections,
            left => seen.Add(left) && left == 0, Rig.Patience, "all are closed");
        Assert.InRange(seen.Count, 3, count + 1);
        Assert.Equal(0, _rig.Count("b").Reset);
    }

    [Fact]
    public async Task An_order_to_reset_overtakes_one_to_spread()
    {
        var (backend, endpoint) = Open();
        await _rig.Pair(endpoint, backend);
        await _rig.Pair(endpoint, backend);
        Assert.Equal(2, _rig.Engine.CloseConnections(All, null, new(Rig.Patience * 10, Rig.Patience)));
        Assert.Equal(0, _rig.Engine.CloseConnections(All, null));
        await _rig.Quiet();
        await _rig.Pair(endpoint, backend);
    }

    private (Socket Backend, IPEndPoint Endpoint) Open()
    {
        var backend = _rig.Listen();
        return (backend, _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint()))));
    }
}

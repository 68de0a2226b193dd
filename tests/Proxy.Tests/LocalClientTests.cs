using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

/// <summary>Connections whose source is the listener's own address: the gate's probe, clients on the node.</summary>
public abstract class LocalClientTests(TransportKind transport) : IDisposable
{
    private readonly Rig _rig = new(transport: transport);

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_probe_that_resets_at_once_is_counted_as_local_only_and_reaches_no_backend()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        for (var i = 0; i < 50; i++)
            (await ConnectFromItself(endpoint)).Reset();
        await Poll.Until(() => _rig.Count(endpoint).Local, local => local == 50, Rig.Patience, "all were accepted");
        await _rig.Quiet();
        var counters = _rig.Count(endpoint);
        Assert.Equal((0, 0L, 0L), (counters.Connections, counters.Accepted, counters.NoBackend));
        Assert.Equal((0L, 0), (_rig.Count("b").Connected, _rig.Count("b").Connections));
        Assert.False(backend.Poll(0, SelectMode.SelectRead));
    }

    [Fact]
    public async Task A_local_client_is_carried_once_it_speaks_and_no_count_of_clients_has_it()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var client = await ConnectFromItself(endpoint);
        await client.Write("ping"u8.ToArray());
        var server = await _rig.Accept(backend);
        Assert.Equal("ping"u8.ToArray(), await server.Read(4));
        await server.Write("pong"u8.ToArray());
        Assert.Equal("pong"u8.ToArray(), await client.Read(4));

        Assert.Equal(new(0, 0, 0), _rig.Engine.CountConnections(new(), null));
        Assert.Empty(_rig.Engine.ListConnections(new(), null));
        Assert.Equal(0, _rig.Engine.CloseConnections(new(), null));
        var counters = _rig.Count(endpoint);
        Assert.Equal((1L, 0L, 0L, 0), (
            counters.Local, counters.OctetsFromClients, counters.OctetsToClients, counters.Connections));
        client.Shutdown(SocketShutdown.Send);
        await server.AssertEnd();
        server.Shutdown(SocketShutdown.Send);
        await client.AssertEnd();
        await _rig.Quiet();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_local_client_that_waits_for_the_server_to_speak_is_served_after_a_moment(bool endsFirst)
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var client = await ConnectFromItself(endpoint);
        if (endsFirst)
            client.Shutdown(SocketShutdown.Send);
        var server = await _rig.Accept(backend);
        await server.Write("hello"u8.ToArray());
        Assert.Equal("hello"u8.ToArray(), await client.Read(5));
    }

    [Fact]
    public async Task A_local_client_takes_no_room_of_the_listeners_limit()
    {
        var backend = _rig.Listen();
        var listener = new ListenerSpec { Endpoint = Rig.NewEndpoint(), Pool = "pool", MaxConnections = 1 };
        _rig.Apply(listener, Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var local = await ConnectFromItself(listener.Endpoint);
        await local.Write("ping"u8.ToArray());
        await (await _rig.Accept(backend)).Read(4);

        var (client, server) = await _rig.Pair(listener.Endpoint, backend);

        await client.Write("ping"u8.ToArray());
        Assert.Equal("ping"u8.ToArray(), await server.Read(4));
    }

    private async Task<Socket> ConnectFromItself(IPEndPoint endpoint)
    {
        var socket = _rig.Own(new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.NoDelay = true;
        socket.Bind(new IPEndPoint(endpoint.Address, 0));
        await socket.ConnectAsync(endpoint, Rig.Cancellation).AsTask().WaitAsync(Rig.Patience, TimeProvider.System);
        return socket;
    }
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Tests;

/// <summary>The time-outs of a listener, but for the idle one.</summary>
public abstract class TimeoutTests(TransportKind transport) : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Rig _rig = new(transport: transport);

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Fault_24_a_thousand_clients_that_send_nothing_end_and_those_that_speak_go_on()
    {
        var (backend, endpoint) = Open(new() { FirstOctet = Second });
        var speaking = await _rig.Pair(endpoint, backend);
        await AssertServed(speaking);
        for (var i = 0; i < 1000; i++)
            await _rig.Connect(endpoint);
        await Poll.Until(
            async () =>
            {
                await AssertServed(speaking);
                return (_rig.Count(endpoint).FirstOctetTimeouts, _rig.Count(endpoint).Connections);
            },
            count => count == (1000, 1), Rig.Patience, "all the silent ones are over");
    }

    [Fact]
    public async Task Fault_24_a_server_that_speaks_does_not_excuse_a_silent_client()
    {
        var (backend, endpoint) = Open(new() { FirstOctet = Second });
        var (client, server) = await _rig.Pair(endpoint, backend);
        await server.Write("hello"u8.ToArray());
        await client.AssertReset();
        Assert.Equal(1, _rig.Count(endpoint).FirstOctetTimeouts);
    }

    [Fact]
    public async Task Fault_24_clients_that_never_read_stop_their_servers_and_disturb_nobody()
    {
        const int count = 50;
        var (backend, endpoint) = Open(new());
        var chunk = new byte[1 << 20];
        var stalled = new List<Task>();
        for (var i = 0; i < count; i++)
        {
            var (_, server) = await _rig.Pair(endpoint, backend);
            stalled.Add(Stream(server, chunk));
        }
        long before = -1;
        // Standing still: the buffers of kernel and proxy are full, and nothing more is taken.
        await Poll.Until(
            () => (Before: Interlocked.Exchange(ref before, _rig.Count(endpoint).OctetsToClients), Now: before),
            octets => octets.Before == octets.Now && octets.Now > count, Rig.Patience, "nothing moves any more");
        Assert.All(stalled, task => Assert.False(task.IsCompleted));
        await AssertServed(await _rig.Pair(endpoint, backend));

        _rig.Engine.CloseConnections(new(), null);
        await Task.WhenAll(stalled);
        await _rig.Quiet();
    }

    [Fact]
    public async Task Fault_24_a_client_that_never_reads_is_gone_after_the_user_timeout()
    {
        var (backend, endpoint) = Open(new() { User = Second });
        var (_, server) = await _rig.Pair(endpoint, backend);
        await Stream(server, new byte[1 << 20]);
        await _rig.Quiet();
    }

    [Fact]
    public async Task A_half_closed_connection_ends_when_nothing_moves_and_an_open_one_does_not()
    {
        var (backend, endpoint) = Open(new() { HalfClosed = Second });
        var open = await _rig.Pair(endpoint, backend);
        var (client, server) = await _rig.Pair(endpoint, backend);
        client.Shutdown(SocketShutdown.Send);
        await server.AssertEnd();
        await server.Write("x"u8.ToArray());
        await client.AssertReset();
        Assert.Equal(1, _rig.Count(endpoint).HalfClosedTimeouts);
        await AssertServed(open);
    }

    [Fact]
    public async Task A_half_closed_connection_that_moves_goes_on()
    {
        var (backend, endpoint) = Open(new() { HalfClosed = Second });
        var (client, server) = await _rig.Pair(endpoint, backend);
        var (other, _) = await _rig.Pair(endpoint, backend);
        other.Shutdown(SocketShutdown.Send);
        client.Shutdown(SocketShutdown.Send);
        await Poll.Until(
            async () =>
            {
                await server.Write("x"u8.ToArray());
                await client.Read(1);
                return _rig.Count(endpoint).HalfClosedTimeouts;
            },
            timeouts => timeouts == 1, Rig.Patience, "the other one is over");
        server.Close();
        await client.AssertEnd();
        Assert.Equal(1, _rig.Count(endpoint).HalfClosedTimeouts);
    }

    [Fact]
    public async Task The_total_timeout_ends_a_connection_whatever_it_does()
    {
        var (backend, endpoint) = Open(new() { Total = Second });
        var (client, server) = await _rig.Pair(endpoint, backend);
        await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            while (true)
                await AssertServed((client, server));
        });
        await _rig.Quiet();
        Assert.Equal(1, _rig.Count(endpoint).TotalTimeouts);
    }

    [Fact]
    public async Task Deferred_accepting_takes_clients_once_they_have_sent_something()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(
            Rig.Pool(Rig.Backend("b", backend.EndPoint())), listener => listener with { DefersAccept = true });
        var silent = await _rig.Connect(endpoint);
        var speaking = await _rig.Connect(endpoint);
        await speaking.Write("x"u8.ToArray());
        Assert.Equal("x"u8.ToArray(), await (await _rig.Accept(backend)).Read(1));
        Assert.Equal(1, _rig.Count(endpoint).Accepted);
        await silent.Write("y"u8.ToArray());
        Assert.Equal("y"u8.ToArray(), await (await _rig.Accept(backend)).Read(1));
    }

    [Fact]
    public void Options_of_open_listeners_follow_the_table()
    {
        var endpoint = Rig.NewEndpoint();
        var sockets = ListenSockets.TryOpen(endpoint, 2, out _)!;
        var spec = new ListenerSpec
        {
            Endpoint = endpoint,
            Pool = "",
            KeepAlive = new(5 * Second, 6 * Second, 7),
            Timeouts = new() { User = 8 * Second },
            DefersAccept = true,
        };
        SocketTuning.Tune(sockets, spec);
        Assert.All(sockets, socket => Assert.Equal((5, 6, 7, 8000), OptionsOf(socket)));
        SocketTuning.Tune(sockets, spec with { KeepAlive = null, Timeouts = new(), DefersAccept = false });
        Assert.All(sockets, socket => Assert.Equal((60, 10, 6, 0), OptionsOf(socket)));
        Assert.All(sockets, socket => Assert.Equal(0, Option(socket, Libc.TcpDeferAccept)));
        Assert.All(sockets, socket => Libc.CloseDescriptor(socket));
    }

    private (Socket Backend, IPEndPoint Endpoint) Open(ListenerTimeouts timeouts)
    {
        var backend = _rig.Listen();
        return (backend, _rig.Open(
            Rig.Pool(Rig.Backend("b", backend.EndPoint())), listener => listener with { Timeouts = timeouts }));
    }

    private static async Task Stream(Socket server, byte[] chunk)
    {
        try
        {
            while (true)
                await server.SendAsync(chunk, Rig.Cancellation);
        }
        catch (SocketException)
        {
            // The proxy has closed the connection.
        }
    }

    private static (int Idle, int Interval, int Probes, int User) OptionsOf(int socket) => (
        Option(socket, Libc.TcpKeepAliveIdle), Option(socket, Libc.TcpKeepAliveInterval),
        Option(socket, Libc.TcpKeepAliveCount), Option(socket, Libc.TcpUserTimeout));

    private static int Option(int socket, int name)
    {
        using var handle = new SafeSocketHandle(socket, ownsHandle: false);
        using var wrapped = new Socket(handle);
        var value = new byte[sizeof(int)];
        wrapped.GetRawSocketOption(Libc.LevelTcp, name, value);
        return MemoryMarshal.Read<int>(value);
    }

    private static async Task AssertServed((Socket Client, Socket Server) pair)
    {
        await pair.Client.Write("ping"u8.ToArray());
        Assert.Equal("ping"u8.ToArray(), await pair.Server.Read(4));
        await pair.Server.Write("pong"u8.ToArray());
        Assert.Equal("pong"u8.ToArray(), await pair.Client.Read(4));
    }
}

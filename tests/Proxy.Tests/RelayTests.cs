using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public abstract class RelayTests(TransportKind transport) : IDisposable
{
    private const int Megabyte = 1024 * 1024;

    private readonly Rig _rig = new(loops: 1, transport: transport);

    public enum Side
    {
        Client,
        Server,
    }

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Sixty_four_megabytes_both_ways_at_once_arrive_unchanged()
    {
        var (client, server) = await Pair();
        await Task.WhenAll(
            Send(client, 1, 64 * Megabyte), Send(server, 2, 64 * Megabyte),
            AssertReceived(server, 1, 64 * Megabyte), AssertReceived(client, 2, 64 * Megabyte));
        await _rig.Quiet();
        var counts = _rig.Count("b");
        Assert.Equal((64L * Megabyte, 64L * Megabyte), (counts.OctetsToBackend, counts.OctetsFromBackend));
    }

    [Fact]
    public async Task Dribbles_of_one_octet_arrive_one_by_one()
    {
        var (client, server) = await Pair();
        for (var i = 0; i < 2000; i++)
        {
            await client.Write(new[] { (byte)i });
            Assert.Equal([(byte)i], await server.Read(1));
            await server.Write(new[] { (byte)~i });
            Assert.Equal([(byte)~i], await client.Read(1));
        }
    }

    [Theory]
    [InlineData(Side.Client)]
    [InlineData(Side.Server)]
    public async Task After_a_half_close_the_other_direction_goes_on(Side first)
    {
        var (client, server) = await Pair();
        var (closing, open) = first == Side.Client ? (client, server) : (server, client);
        await closing.Write("bye"u8.ToArray());
        closing.Shutdown(SocketShutdown.Send);
        Assert.Equal("bye"u8.ToArray(), await open.Read(3));
        await open.AssertEnd();
        await Task.WhenAll(Send(open, 3, Megabyte), AssertReceived(closing, 3, Megabyte));
        await _rig.Quiet();
    }

    [Theory]
    [InlineData(Side.Client, false)]
    [InlineData(Side.Server, false)]
    [InlineData(Side.Client, true)]
    [InlineData(Side.Server, true)]
    public async Task A_reset_is_passed_on_also_after_a_half_close(Side resetting, bool halfClosed)
    {
        var (client, server) = await Pair();
        var (broken, other) = resetting == Side.Client ? (client, server) : (server, client);
        await broken.Write("x"u8.ToArray());
        if (halfClosed)
        {
            broken.Shutdown(SocketShutdown.Send);
            Assert.Equal("x"u8.ToArray(), await other.Read(1));
            await other.AssertEnd();
        }
        broken.Reset();
        // The survivor does nothing that would find out: the reset itself must end the connection.
        await _rig.Quiet();
        await (halfClosed ? AssertBroken(other) : other.AssertReset());
    }

    [Fact]
    public async Task An_answer_sent_just_before_a_reset_still_arrives()
    {
        for (var i = 0; i < 50; i++)
        {
            var (client, server) = await Pair();
            // The server leaves the request unread, so closing resets; its answer went out before.
            await client.Write("request"u8.ToArray());
            await Poll.Until(() => server.Available, available => available > 0, Rig.Patience, "the request is there");
            await server.Write("answer"u8.ToArray());
            server.Close();
            Assert.Equal("answer"u8.ToArray(), await client.Read(6));
            await client.AssertReset();
        }
    }

    [Fact]
    public async Task An_answer_arrives_also_when_the_reset_is_found_by_writing()
    {
        var (client, server) = await Pair();
        client.Blocking = false;
        var request = new byte[Megabyte];
        // The server reads nothing: the relay holds octets for it and waits for room.
        await Poll.Until(
            () => client.Send(request, SocketFlags.None, out _), sent => sent == 0, Rig.Patience, "all is full");
        _rig.Engine.OnEveryLoop(_ =>
        {
            // While no loop can look: answer and reset are there together.
            if (server.SafeHandle.IsClosed)
                return;
            server.Send("answer"u8);
            server.Close();
        });
        Assert.Equal("answer"u8.ToArray(), await client.Read(6));
        await client.AssertReset();
    }

    [Fact]
    public async Task Data_and_end_in_one_segment_both_arrive()
    {
        for (var i = 0; i < 200; i++)
        {
            var (client, server) = await Pair();
            await client.Write("last words"u8.ToArray());
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("last words"u8.ToArray(), await server.Read(10));
            await server.AssertEnd();
            server.Close();
            await client.AssertEnd();
        }
        await _rig.Quiet();
    }

    [Fact]
    public async Task Ends_that_come_from_both_sides_while_octets_wait_are_no_reset()
    {
        // A turn's reads of one side: two full ones, a short one, the end. It is not passed on in that turn.
        var request = new byte[2 * 64 * 1024 + 100];
        for (var i = 0; i < 20; i++)
        {
            var (client, server) = await Pair();
            // The kernel opens its windows, and no read is full.
            for (var round = 0; round < 50; round++)
                await Task.WhenAll(client.Write(new byte[60_000]), server.Read(60_000));
            client.Blocking = false;
            var sent = 0;
            _rig.Engine.OnEveryLoop(_ =>
            {
                sent = client.Send(request, SocketFlags.None, out var _);
                client.Shutdown(SocketShutdown.Send);
                server.Shutdown(SocketShutdown.Send);
            });
            client.Blocking = true;
            await client.AssertEnd();
            Assert.Equal(sent, (await server.Read(sent)).Length);
            await server.AssertEnd();
        }
        await _rig.Quiet();
    }

    [Fact]
    public async Task A_reader_that_stops_slows_its_sender_down_and_costs_one_buffer()
    {
        var (client, server) = await Pair();
        var sending = Send(client, 4, 64 * Megabyte);
        long last = -1;
        // The kernel's buffers fill up, then nothing moves.
        await Poll.Until(
            () => (Before: last, Now: last = _rig.Count("b").OctetsToBackend),
            moved => moved.Now > 0 && moved.Now == moved.Before,
            Rig.Patience,
            "the sender is stopped");
        Assert.InRange(last, 1, 63 * Megabyte);
        Assert.False(sending.IsCompleted);
        // Another connection is served meanwhile, and this one goes on where it was.
        var (other, otherServer) = await Pair();
        await other.Write("x"u8.ToArray());
        Assert.Equal("x"u8.ToArray(), await otherServer.Read(1));
        await Task.WhenAll(sending, AssertReceived(server, 4, 64 * Megabyte));
    }

    [Fact]
    public async Task IPv6_clients_reach_IPv6_backends()
    {
        var backend = _rig.Listen(Rig.NewIPv6Endpoint());
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())), Rig.NewIPv6Endpoint());
        await AssertEcho(await _rig.Pair(endpoint, backend));
    }

    [Fact]
    public async Task IPv4_clients_reach_IPv6_backends()
    {
        var backend = _rig.Listen(Rig.NewIPv6Endpoint());
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        Assert.Equal(AddressFamily.InterNetwork, endpoint.AddressFamily);
        await AssertEcho(await _rig.Pair(endpoint, backend));
    }

    private async Task<(Socket Client, Socket Server)> Pair()
    {
        _backend ??= _rig.Listen();
        _endpoint ??= _rig.Open(Rig.Pool(Rig.Backend("b", _backend.EndPoint())));
        return await _rig.Pair(_endpoint, _backend);
    }

    private Socket? _backend;
    private IPEndPoint? _endpoint;

    // A half-closed socket that is reset reads as ended; writing shows that nobody is there.
    private static async Task AssertBroken(Socket socket) =>
        await Poll.Until(
            () =>
            {
                try
                {
                    return socket.Send([0]) < 0;
                }
                catch (SocketException)
                {
                    return true;
                }
            },
            broken => broken,
            Rig.Patience,
            "the reset was passed on");

    private static async Task AssertEcho((Socket Client, Socket Server) pair)
    {
        await pair.Client.Write("ping"u8.ToArray());
        Assert.Equal("ping"u8.ToArray(), await pair.Server.Read(4));
        await pair.Server.Write("pong"u8.ToArray());
        Assert.Equal("pong"u8.ToArray(), await pair.Client.Read(4));
    }

    private static async Task Send(Socket socket, int seed, int count)
    {
        var random = new Random(seed);
        for (var sent = 0; sent < count; sent += Megabyte)
            await socket.Write(Block(random));
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task AssertReceived(Socket socket, int seed, int count)
    {
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var received = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        for (var read = 0; read < count; read += Megabyte)
        {
            expected.AppendData(Block(random));
            received.AppendData(await socket.Read(Megabyte));
        }
        await socket.AssertEnd();
        Assert.Equal(expected.GetHashAndReset(), received.GetHashAndReset());
    }

    private static byte[] Block(Random random)
    {
        var block = new byte[Megabyte];
        random.NextBytes(block);
        return block;
    }
}

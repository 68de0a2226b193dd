using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

/// <summary>The relay by itself, stepped by hand over real sockets.</summary>
public sealed class PumpTests : IDisposable
{
    private const int SmallestBuffer = 1;

    private readonly ConnectionTable _table = new(4096);
    private readonly List<Socket> _sockets = [];
    private readonly Relay _relay;

    public PumpTests() => _relay = new(_table);

    public void Dispose()
    {
        _relay.Dispose();
        _sockets.ForEach(socket => socket.Dispose());
        _table.Dispose();
    }

    [Fact]
    public void Octets_that_a_small_sink_takes_piece_by_piece_arrive_in_order()
    {
        var (sender, source) = Pair();
        var (sink, receiver) = Pair();
        sink.SendBufferSize = SmallestBuffer;
        Join(source, sink);
        var sent = new byte[300_000];
        new Random(1).NextBytes(sent);
        var received = new List<byte>();
        var buffer = new byte[1000];
        for (var written = 0; received.Count < sent.Length;)
        {
            if (written < sent.Length)
                written += sender.Send(sent.AsSpan(written), SocketFlags.None, out _);
            Mark(source, SideState.Readable);
            Assert.True(_relay.Pump(Fd(source), out _) is RelayOutcome.Waiting or RelayOutcome.Unfinished);
            var count = receiver.Receive(buffer, SocketFlags.None, out _);
            received.AddRange(buffer.AsSpan(0, count));
        }
        Assert.Equal(sent, received);
    }

    [Fact]
    public void A_full_sink_stops_the_reading()
    {
        var (sender, source) = Pair();
        var (sink, _) = Pair();
        Join(source, sink);
        var octets = new byte[100_000];
        // Loopback delivers within the call, so what is not there after a send will not come.
        while (sender.Send(octets, SocketFlags.None, out _) > 0)
        {
            Mark(source, SideState.Readable);
            while (_relay.Pump(Fd(source), out _) == RelayOutcome.Unfinished) { }
        }
        ref var side = ref _table.Side(Fd(source));
        Assert.InRange(side.PendingLength, 1, Relay.BufferSize);
        Assert.Equal(RelayOutcome.Waiting, _relay.Pump(Fd(source), out var more));
        Assert.Equal(0, more);
    }

    [Fact]
    public void A_stream_of_full_reads_goes_by_a_pipe_until_its_reads_are_small()
    {
        var (sender, source) = Pair();
        var (sink, receiver) = Pair();
        Join(source, sink);
        var random = new Random(2);
        var (sent, received) = (new List<byte>(), new List<byte>());
        Carry(2 * Relay.BufferSize, pipe => pipe);
        Assert.True(_table.Side(Fd(source)).Pipe > 0);
        Carry(100, pipe => !pipe);
        Assert.Equal(0, _table.Side(Fd(source)).Pipe);
        Carry(Relay.BufferSize, pipe => pipe);
        sender.Shutdown(SocketShutdown.Send);
        Mark(source, SideState.Readable);
        while (_relay.Pump(Fd(source), out _) != RelayOutcome.Ended) { }
        Receive();
        Assert.Equal(0, _table.Side(Fd(source)).Pipe);
        Assert.Equal(sent, received);

        // Sends blocks until the stream is where it shall be.
        void Carry(int size, Func<bool, bool> isThere)
        {
            var block = new byte[size];
            for (var blocks = 0; !isThere(_table.Side(Fd(source)).Pipe > 0); blocks++)
            {
                Assert.InRange(blocks, 0, 100);
                random.NextBytes(block);
                for (var written = 0; written < size;)
                {
                    written += sender.Send(block.AsSpan(written), SocketFlags.None, out _);
                    Mark(source, SideState.Readable);
                    while (_relay.Pump(Fd(source), out _) == RelayOutcome.Unfinished) { }
                    Receive();
                }
                sent.AddRange(block);
            }
        }

        void Receive()
        {
            var buffer = new byte[Relay.BufferSize];
            while (receiver.Receive(buffer, SocketFlags.None, out _) is > 0 and var count)
                received.AddRange(buffer.AsSpan(0, count));
        }
    }

    [Fact]
    public void A_silent_stream_loses_its_pipe_to_one_that_needs_it()
    {
        var streams = Enumerable.Range(0, 65).Select(_ => Stream()).ToList();
        foreach (var stream in streams)
        {
            for (var i = 0; i < 20; i++)
                Send(stream, 2 * Relay.BufferSize);
        }
        Assert.True(_table.Side(Fd(streams[^1].Source)).Pipe > 0);
        var loser = Assert.Single(streams, stream => _table.Side(Fd(stream.Source)).Pipe == 0);
        Send(loser, 100);
        Send(loser, 3 * Relay.BufferSize);

        (Socket Sender, Socket Source, Socket Receiver) Stream()
        {
            var (sender, source) = Pair();
            var (sink, receiver) = Pair();
            Join(source, sink);
            return (sender, source, receiver);
        }

        void Send((Socket Sender, Socket Source, Socket Receiver) stream, int size)
        {
            var (written, read) = (0, 0);
            var (block, buffer) = (new byte[size], new byte[size]);
            new Random(size).NextBytes(block);
            while (read < size)
            {
                written += stream.Sender.Send(block.AsSpan(written), SocketFlags.None, out _);
                Mark(stream.Source, SideState.Readable);
                while (_relay.Pump(Fd(stream.Source), out _) == RelayOutcome.Unfinished) { }
                read += stream.Receiver.Receive(buffer.AsSpan(read), SocketFlags.None, out _);
            }
            Assert.Equal(block, buffer);
        }
    }

    [Fact]
    public void A_token_names_one_life_of_a_descriptor()
    {
        _table.Open(7, SideKind.Client);
        var token = _table.TokenOf(7);
        Assert.True(_table.TryFind(token, out var fd));
        Assert.Equal(7, fd);
        _table.Forget(7);
        Assert.False(_table.TryFind(token, out _));
        _table.Open(7, SideKind.Client);
        Assert.False(_table.TryFind(token, out _));
        Assert.True(_table.TryFind(_table.TokenOf(7), out _));
    }

    private void Join(Socket source, Socket sink)
    {
        _table.Open(Fd(source), SideKind.Client, Fd(sink));
        _table.Open(Fd(sink), SideKind.Backend, Fd(source));
    }

    private void Mark(Socket socket, SideState state) => _table.Side(Fd(socket)).State |= state;

    private static int Fd(Socket socket) => (int)socket.Handle;

    private (Socket, Socket) Pair()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        first.Connect(listener.LocalEndPoint!);
        var second = listener.Accept();
        foreach (var socket in new[] { first, second })
        {
            socket.Blocking = false;
            socket.NoDelay = true;
            _sockets.Add(socket);
        }
        return (first, second);
    }
}

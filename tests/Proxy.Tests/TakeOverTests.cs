using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Replacement;

namespace AnycastVip.Proxy.Tests;

/// <summary>One engine takes the listening sockets of another over.</summary>
public sealed class TakeOverTests : IDisposable
{
    private const int Clients = 16;

    private readonly List<IDisposable> _owned = [];
    private readonly CancellationTokenSource _end = new();
    private int _answered;

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
        _owned.Reverse();
        _owned.ForEach(item => item.Dispose());
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(1, 3)]
    public async Task No_connect_is_lost_when_listening_sockets_change_hands_under_load(int oldLoops, int newLoops)
    {
        var (old, successor) = (Own(new Rig(oldLoops)), Own(new Rig(newLoops)));
        var echo = Own(new EchoServer(old.Listen()));
        var table = TableOf(echo.Endpoint);
        Assert.Empty(old.Engine.ApplyTable(table).Refused);
        var endpoint = table.Listeners[0].Endpoint;
        var kept = await old.Connect(endpoint);
        var load = Enumerable.Range(0, Clients).Select(_ => Load(endpoint)).ToArray();
        await MoreAnswers(200);

        var sockets = Pass(old.Engine.ListListeningSockets());
        Assert.Empty(successor.Engine.TakeOver(table, sockets, []).Refused);
        await MoreAnswers(200);
        old.Engine.StopAccepting();
        successor.Engine.AddAccepted(old.Engine.ListAccepted());
        await MoreAnswers(500);

        await _end.CancelAsync();
        await Task.WhenAll(load);
        await kept.Write("x"u8.ToArray());
        Assert.Equal("x"u8.ToArray(), await kept.Read(1));
        Assert.Equal(1, old.Engine.Snapshot().Connections);
        Assert.True(successor.Count(endpoint).Accepted >= 500);
        // The one that goes on and those that came and went.
        Assert.Equal(
            1 + Volatile.Read(ref _answered), successor.Engine.CountConnections(new(), null).Accepted);
    }

    [Fact]
    public async Task What_waits_in_a_backlog_is_left_to_the_successor()
    {
        var (old, successor) = (Own(new Rig(1)), Own(new Rig(2)));
        var echo = Own(new EchoServer(old.Listen()));
        var table = TableOf(echo.Endpoint);
        // Full: nothing more is accepted.
        var full = table with { MaxConnections = 1 };
        Assert.Empty(old.Engine.ApplyTable(full).Refused);
        var endpoint = table.Listeners[0].Endpoint;
        await old.Connect(endpoint);
        await Poll.Until(() => old.Engine.Snapshot().Connections, count => count == 1, Rig.Patience, "one is accepted");
        var waiting = await old.Connect(endpoint);

        var sockets = Pass(old.Engine.ListListeningSockets());
        old.Engine.StopAccepting();
        Assert.Empty(successor.Engine.TakeOver(table, sockets, []).Refused);

        await waiting.Write("x"u8.ToArray());
        Assert.Equal("x"u8.ToArray(), await waiting.Read(1));
        Assert.Equal(1, old.Engine.Snapshot().Connections);
    }

    [Fact]
    public void More_descriptors_than_one_message_takes_come_through_in_their_order()
    {
        using var rig = new Rig();
        var sent = Enumerable.Range(0, 600).Select(_ => rig.Listen())
            .Select(socket => new ListeningSockets(socket.EndPoint(), [(int)socket.Handle])).ToImmutableArray();

        foreach (var sockets in Pass(sent))
        {
            using var copy = new Socket(new SafeSocketHandle(sockets.Descriptors.Single(), ownsHandle: true));
            Assert.Equal(sockets.Endpoint, copy.LocalEndPoint);
        }
    }

    private static ProxyTable TableOf(IPEndPoint backend) => new()
    {
        Revision = 1,
        Listeners = [new() { Endpoint = Rig.NewEndpoint(), Vip = "web", Pool = "pool" }],
        Pools = [Rig.Pool(Rig.Backend("b", backend))],
    };

    // As from one process to another.
    private static List<ListeningSockets> Pass(ImmutableArray<ListeningSockets> offered)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"\0take-over-{Guid.NewGuid()}"));
        listener.Listen();
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(listener.LocalEndPoint!);
        using var sender = new HandOverChannel(socket, Rig.Patience);
        using var receiver = new HandOverChannel(listener.Accept(), Rig.Patience);
        sender.SendDescriptors(offered.SelectMany(sockets => sockets.Descriptors));
        var received = new Queue<int>(receiver.ReceiveDescriptors(offered.Sum(sockets => sockets.Descriptors.Length)));
        return
        [
            .. offered.Select(sockets => sockets with
            {
                Descriptors = [.. sockets.Descriptors.Select(_ => received.Dequeue())],
            }),
        ];
    }

    private async Task Load(IPEndPoint endpoint)
    {
        while (!_end.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(endpoint, Rig.Cancellation);
            await socket.Write("x"u8.ToArray());
            Assert.Equal("x"u8.ToArray(), await socket.Read(1));
            Interlocked.Increment(ref _answered);
        }
    }

    private Task<int> MoreAnswers(int count)
    {
        var before = Volatile.Read(ref _answered);
        return Poll.Until(
            () => Volatile.Read(ref _answered), now => now >= before + count, Rig.Patience, $"{count} more answers");
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        _owned.Add(item);
        return item;
    }
}

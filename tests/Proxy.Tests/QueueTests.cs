using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

/// <summary>Connections that wait while every backend is full.</summary>
public abstract class QueueTests(TransportKind transport) : IDisposable
{
    private readonly Rig _rig = new(transport: transport);

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Who_came_first_is_admitted_first_whoever_left_meanwhile()
    {
        var queue = QueueOf(maxConnections: 1000);
        const int count = 100;
        for (var i = 0; i < count; i++)
            Assert.True(queue.TryEnter(new(0, (ulong)i), count));
        Assert.False(queue.TryEnter(new(0, 999), count));
        ulong[] gone = [0, 17, 50, 99];
        Assert.All(gone, token => Assert.True(queue.TryLeave(new(0, token))));
        Assert.All(gone, token => Assert.False(queue.TryLeave(new(0, token))));
        Assert.False(queue.TryLeave(new(1, 1)));

        var admitted = new List<ulong>();
        while (queue.TryAdmit(default, out var waiter) is not null)
            admitted.Add(waiter.Token);

        Assert.Equal(Enumerable.Range(0, count).Select(i => (ulong)i).Except(gone), admitted);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Nobody_is_admitted_before_there_is_room()
    {
        var queue = QueueOf(maxConnections: 1);
        queue.TryEnter(new(0, 1), 10);
        queue.TryEnter(new(0, 2), 10);
        var backend = queue.TryAdmit(default, out _)!;
        Assert.Null(queue.TryAdmit(default, out _));
        backend.Connections.Release();
        Assert.Same(backend, queue.TryAdmit(default, out var waiter));
        Assert.Equal(2UL, waiter.Token);
    }

    [Fact]
    public async Task A_connection_waits_in_order_until_one_is_released()
    {
        var (backend, endpoint) = Open(size: 10);
        var (client, server) = await _rig.Pair(endpoint, backend);
        var waiting = new List<Socket>();
        for (var i = 0; i < 3; i++)
        {
            waiting.Add(await _rig.Connect(endpoint));
            await waiting[i].Write(new[] { (byte)i });
            await UntilQueued(endpoint, i + 1);
        }
        for (var i = 0; i < 3; i++)
        {
            client.Reset();
            (client, server) = (waiting[i], await _rig.Accept(backend));
            Assert.Equal([(byte)i], await server.Read(1));
            Assert.Equal(1, _rig.Count("b").Connections);
            await UntilQueued(endpoint, 2 - i);
        }
    }

    [Fact]
    public async Task Who_finds_no_place_in_the_queue_is_reset()
    {
        var (backend, endpoint) = Open(size: 1);
        var first = await _rig.Pair(endpoint, backend);
        await _rig.Connect(endpoint);
        await UntilQueued(endpoint, 1);
        await _rig.AssertTurnedAway(endpoint);
        Assert.Equal((1, 1), (_rig.Count(endpoint).QueueOverflows, _rig.Count(endpoint).NoBackend));
        first.Client.Reset();
        await _rig.Accept(backend);
    }

    [Fact]
    public async Task Who_waits_too_long_is_reset_and_leaves_the_queue()
    {
        var (backend, endpoint) = Open(size: 1, TimeSpan.FromMilliseconds(50));
        await _rig.Pair(endpoint, backend);
        for (var i = 1; i < 4; i++)
        {
            await _rig.AssertTurnedAway(endpoint);
            Assert.Equal((i, 0, 0), (
                _rig.Count(endpoint).QueueTimeouts, _rig.Count(endpoint).QueueOverflows, _rig.Count(endpoint).Queued));
        }
    }

    [Fact]
    public async Task A_client_that_gives_up_waiting_is_passed_over()
    {
        var (backend, endpoint) = Open(size: 10);
        var first = await _rig.Pair(endpoint, backend);
        var impatient = await _rig.Connect(endpoint);
        await UntilQueued(endpoint, 1);
        await (await _rig.Connect(endpoint)).Write("2"u8.ToArray());
        await UntilQueued(endpoint, 2);
        impatient.Reset();
        await UntilQueued(endpoint, 1);
        first.Client.Reset();
        Assert.Equal("2"u8.ToArray(), await (await _rig.Accept(backend)).Read(1));
    }

    [Fact]
    public async Task A_table_with_more_room_admits_those_that_wait()
    {
        var (backend, endpoint) = Open(size: 10);
        await _rig.Pair(endpoint, backend);
        await _rig.Connect(endpoint);
        await UntilQueued(endpoint, 1);
        _rig.Open(PoolOf(backend, 2, 10, Rig.Patience), endpoint);
        await _rig.Accept(backend);
        Assert.Equal((0, 2), (_rig.Count(endpoint).Queued, _rig.Count("b").Connections));
    }

    [Theory]
    [InlineData(BackendState.Down)]
    [InlineData(BackendState.Drain)]
    public async Task Nobody_waits_for_backends_that_do_not_serve(BackendState state)
    {
        var endpoint = _rig.Open(Rig.Pool(
            Rig.Backend("b", Rig.Nobody()) with { State = state, MaxConnections = 1 })
            with { Queue = new(10, Rig.Patience) });
        await _rig.AssertTurnedAway(endpoint);
        Assert.Equal((1, 0), (_rig.Count(endpoint).NoBackend, _rig.Count(endpoint).QueueTimeouts));
    }

    [Fact]
    public async Task Those_that_wait_are_counted_and_closed_like_others()
    {
        var (backend, endpoint) = Open(size: 10);
        await _rig.Pair(endpoint, backend);
        var waiting = await _rig.Connect(endpoint);
        await UntilQueued(endpoint, 1);
        Assert.Equal(2, _rig.Engine.CountConnections(new() { Pool = "pool" }, null).Fed);
        Assert.Equal(1, _rig.Engine.CountConnections(new() { Pool = "pool", Backend = "b" }, null).Fed);
        Assert.Equal(2, _rig.Engine.CloseConnections(new(), null));
        await waiting.AssertReset();
        await _rig.Quiet();
        Assert.Equal((0, 0), (_rig.Count(endpoint).Queued, _rig.Count("b").Connections));
    }

    [Fact]
    public async Task A_crowd_over_all_loops_is_served_whole_within_the_limit_and_allocates_nothing_for_each()
    {
        using var rig = new Rig(loops: 4, observations: 64, transport: transport);
        using var echo = new EchoServer(rig.Listen());
        var endpoint = rig.Open(Rig.Pool(
            Rig.Backend("b", echo.Endpoint) with { MaxConnections = 3 }) with { Queue = new(100, Rig.Patience) });
        await Crowd(rig, endpoint, 20);
        var before = Allocated(rig);
        await Crowd(rig, endpoint, 20);
        // A table that grows, a lock that is contended for the first time; one object for each would be 24,000.
        Assert.InRange(Allocated(rig) - before, 0, 10_000);
        Assert.Equal((2000, 0), (rig.Count(endpoint).Accepted, rig.Count(endpoint).NoBackend));
    }

    private static async Task Crowd(Rig rig, IPEndPoint endpoint, int each)
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            for (var i = 0; i < each; i++)
            {
                using var client = await rig.Connect(endpoint);
                await client.Write("x"u8.ToArray());
                Assert.Equal("x"u8.ToArray(), await client.Read(1));
                Assert.InRange(rig.Count("b").Connections, 0, 3);
            }
        }));
        await rig.Quiet();
    }

    private static long Allocated(Rig rig)
    {
        var sum = 0L;
        rig.Engine.OnEveryLoop(_ => Interlocked.Add(ref sum, GC.GetAllocatedBytesForCurrentThread()));
        return sum;
    }

    private Task<int> UntilQueued(IPEndPoint endpoint, int count) =>
        Poll.Until(() => _rig.Count(endpoint).Queued, queued => queued == count, Rig.Patience, $"{count} wait");

    private (Socket Backend, IPEndPoint Endpoint) Open(int size, TimeSpan? timeout = null)
    {
        var backend = _rig.Listen();
        return (backend, _rig.Open(PoolOf(backend, 1, size, timeout ?? Rig.Patience)));
    }

    private static PoolSpec PoolOf(Socket backend, int maxConnections, int size, TimeSpan timeout) =>
        Rig.Pool(Rig.Backend("b", backend.EndPoint()) with { MaxConnections = maxConnections })
            with { Queue = new(size, timeout) };

    private static PoolQueue QueueOf(int maxConnections)
    {
        var queue = new PoolQueue();
        var spec = new BackendSpec
        {
            Name = "b",
            Endpoint = new(IPAddress.Loopback, 1),
            MaxConnections = maxConnections,
        };
        queue.Pool = new(new() { Name = "p" }, [new(spec, 0, new())]);
        return queue;
    }
}

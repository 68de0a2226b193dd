using System.Net.Sockets;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Tests;

public sealed class EngineTests
{
    [Fact]
    public async Task A_loop_that_hangs_does_not_answer()
    {
        using var rig = new Rig(loops: 2);
        using var release = new ManualResetEventSlim();
        await rig.Engine.TurnAsync().WaitAsync(Rig.Patience, TimeProvider.System, Rig.Cancellation);
        using var reached = new CountdownEvent(2);
        var hanging = new Thread(() => rig.Engine.OnEveryLoop(_ =>
        {
            reached.Signal();
            release.Wait(Rig.Patience);
        }));
        hanging.Start();
        reached.Wait(Rig.Patience, Rig.Cancellation);
        var turning = rig.Engine.TurnAsync();
        await Assert.ThrowsAsync<TimeoutException>(
            () => turning.WaitAsync(TimeSpan.FromMilliseconds(20), TimeProvider.System, Rig.Cancellation));
        release.Set();
        hanging.Join();
        await turning.WaitAsync(Rig.Patience, TimeProvider.System, Rig.Cancellation);
        rig.Engine.Stop(TimeSpan.Zero);
        Assert.False(rig.Engine.TurnAsync().IsCompleted);
    }

    [Fact]
    public async Task A_loop_that_hangs_makes_calls_fail_and_hangs_none()
    {
        using var engine = new ProxyEngine(new() { Loops = 2, LoopPatience = TimeSpan.FromMilliseconds(50) });
        engine.Start();
        var spec = new ListenerSpec { Endpoint = Rig.NewEndpoint(), Pool = "pool" };
        var table = new ProxyTable { Revision = 1, Listeners = [spec], Pools = [Rig.Pool()] };
        using var release = new ManualResetEventSlim();
        Assert.Throws<TimeoutException>(() => engine.OnEveryLoop(_ => release.Wait(Rig.Patience)));

        Assert.Throws<TimeoutException>(() => engine.ApplyTable(table));
        Assert.Throws<TimeoutException>(() => engine.ApplyTable(ProxyTable.Empty));
        Assert.Throws<TimeoutException>(() => engine.CountConnections(new(), null));
        Assert.Throws<TimeoutException>(() => engine.CloseConnections(new(), null));
        Assert.Throws<TimeoutException>(() => engine.ListConnections(new(), null));
        engine.Snapshot();
        release.Set();
        await engine.TurnAsync().WaitAsync(Rig.Patience, TimeProvider.System, Rig.Cancellation);

        // What came while it hung was done in its order, so that the same table can be applied now.
        engine.ApplyTable(ProxyTable.Empty);
        Assert.Empty(engine.ApplyTable(table).Refused);
        Assert.Single(engine.Snapshot().Listeners);
    }

    [Fact]
    public async Task A_backend_that_died_with_connections_in_TIME_WAIT_is_refused_at_once()
    {
        using var space = NetworkNamespace.Create();
        var dead = space.LeaveTimeWait();
        // Sockets are born where the thread is that starts the loops.
        using var rig = space.Run(() => new Rig());
        var endpoint = space.Run(() => rig.Open(Rig.Pool(Rig.Backend("b", dead))));

        space.Run(() =>
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(endpoint);
            return Assert.Throws<SocketException>(() => client.Receive(new byte[1]));
        });

        await rig.Next(ObservationKind.Refused);
        Assert.Equal(0, space.Retransmitted());
    }

    [Theory]
    [InlineData(TransportKind.Epoll, "epoll")]
    [InlineData(TransportKind.IoUring, "io_uring")]
    public void An_engine_uses_what_it_is_told_to_use(TransportKind kind, string name)
    {
        using var rig = new Rig(transport: kind);
        Assert.Equal(name, rig.Engine.TransportText);
        Assert.All(rig.Engine.Snapshot().Loops, loop => Assert.Equal(kind, loop.Transport));
    }

    [Theory]
    [InlineData(1, "forbidden")]
    [InlineData(12, "RLIMIT_MEMLOCK")]
    [InlineData(22, "older than Linux 6.0")]
    [InlineData(38, "built without")]
    [InlineData(24, "errno 24")]
    public void What_stands_in_the_way_of_io_uring_is_said_in_words(int errno, string words) =>
        Assert.Contains(words, Transports.ReasonOf(errno), StringComparison.Ordinal);

    [Fact]
    public void An_engine_that_does_not_run_takes_no_table()
    {
        using var engine = new ProxyEngine(new());
        Assert.Throws<InvalidOperationException>(() => engine.ApplyTable(ProxyTable.Empty));
        engine.Start();
        engine.ApplyTable(ProxyTable.Empty);
        engine.Stop(TimeSpan.Zero);
        Assert.Throws<InvalidOperationException>(() => engine.ApplyTable(ProxyTable.Empty));
        Assert.Throws<InvalidOperationException>(() => engine.CountConnections(new(), null));
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(257, 16)]
    [InlineData(1, 17)]
    [InlineData(1, 0)]
    public void Options_out_of_range_are_refused(int loops, int observations) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new ProxyEngine(new() { Loops = loops, ObservationCapacity = observations }));

    [Fact]
    public async Task Fault_23_a_backlog_that_overflows_is_counted_by_the_kernel()
    {
        var endpoint = Rig.NewEndpoint();
        var socket = Assert.Single(ListenSockets.TryOpen(endpoint, 1, out _, backlog: 0)!);
        Assert.Equal(0u, Libc.ListenDrops(socket));
        var clients = Enumerable.Range(0, 4)
            .Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp) { Blocking = false })
            .ToList();
        foreach (var client in clients)
            Assert.Throws<SocketException>(() => client.Connect(endpoint));
        await Poll.Until(() => Libc.ListenDrops(socket), drops => drops > 0, Rig.Patience, "a SYN was dropped");
        clients.ForEach(client => client.Dispose());
        Libc.CloseDescriptor(socket);
    }
}

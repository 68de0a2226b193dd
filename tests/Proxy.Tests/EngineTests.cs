using System.Net.Sockets;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Tests;

public sealed class EngineTests
{
    [Fact]
    public void A_loop_that_hangs_does_not_answer()
    {
        using var rig = new Rig(loops: 2);
        using var release = new ManualResetEventSlim();
        Assert.True(rig.Engine.AnswersWithin(Rig.Patience));
        using var reached = new CountdownEvent(2);
        var hanging = new Thread(() => rig.Engine.OnEveryLoop(_ =>
        {
            reached.Signal();
            release.Wait(Rig.Patience);
        }));
        hanging.Start();
        reached.Wait(Rig.Patience, Rig.Cancellation);
        Assert.False(rig.Engine.AnswersWithin(TimeSpan.FromMilliseconds(20)));
        release.Set();
        hanging.Join();
        Assert.True(rig.Engine.AnswersWithin(Rig.Patience));
        rig.Engine.Stop(TimeSpan.Zero);
        Assert.False(rig.Engine.AnswersWithin(Rig.Patience));
    }

    [Fact]
    public void An_engine_that_does_not_run_takes_no_table()
    {
        using var engine = new ProxyEngine(new());
        Assert.Throws<InvalidOperationException>(() => engine.ApplyTable(ProxyTable.Empty));
        engine.Start();
        engine.ApplyTable(ProxyTable.Empty);
        engine.Stop(TimeSpan.Zero);
        Assert.Throws<InvalidOperationException>(() => engine.ApplyTable(ProxyTable.Empty));
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
    public async Task A_backlog_that_overflows_is_counted_by_the_kernel()
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

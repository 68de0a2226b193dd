using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Runtime.Bfd;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

public sealed class PeerRunnerTests
{
    [Fact]
    public async Task A_question_that_fails_is_the_askers_and_costs_no_session()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive("127.8.0.1"));
        using var peer = await test.EstablishAsync("127.8.0.1");
        var runner = test.Speaker.Peers[0];
        var before = await runner.AskAsync(engine => engine.Status());

        await Assert.ThrowsAsync<FormatException>(
            () => runner.AskAsync<int>(_ => throw new FormatException("of the asker")));

        var after = await runner.AskAsync(engine => engine.Status());
        Assert.Equal(BgpState.Established, after.State);
        Assert.Equal(before.EstablishedAt, after.EstablishedAt);
    }

    [Fact]
    public async Task A_connection_accepted_before_the_peers_task_runs_is_taken()
    {
        const string Address = "127.8.0.2";
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var peer = await TestPeer.ConnectAsync(IPAddress.Parse(Address), (IPEndPoint)listener.LocalEndPoint!);
        using var bfd = new BfdTransport(secret: 1, NullLogger.Instance);
        var runner = new PeerRunner(
            TestSpeaker.Passive(Address), start: true, RouteSet.Empty, BootClock.Instance, bfd, NullLogger.Instance,
            new ChangeSignal());
        using var stop = new CancellationTokenSource();

        runner.Accept(await listener.AcceptAsync(TestContext.Current.CancellationToken));
        var running = runner.RunAsync(stop.Token);

        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Open));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task An_inbox_that_is_never_empty_keeps_no_timer_waiting()
    {
        const string Address = "127.8.0.3";
        var longerThanHoldTime = TimeSpan.FromSeconds(AlivePeer.HoldTimeSeconds + 1);
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        await using var peer = await AlivePeer.EstablishAsync(test, Address);
        var runner = test.Speaker.Peers[0];
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var since = Stopwatch.GetTimestamp();

        _ = runner.AskAsync(AskAgain);

        await done.Task;
        peer.AssertNeverMissed();

        bool AskAgain(PeerEngine engine)
        {
            if (Stopwatch.GetElapsedTime(since) < longerThanHoldTime)
                _ = runner.AskAsync(AskAgain);
            else
                done.SetResult();
            return true;
        }
    }
}

using System.Net;
using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Runtime.Bfd;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.BgpSpeaker.Tests.Runtime.Bfd;

/// <summary>The transport over a real link, against itself and against packets made by hand.</summary>
public sealed class BfdTransportTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly BfdSettings Settings = new(
        TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(50), DetectMult: 3);

    [Theory]
    [InlineData(NamespacePair.HereIPv4, NamespacePair.ThereIPv4, false)]
    [InlineData(NamespacePair.HereIPv6, NamespacePair.ThereIPv6, false)]
    [InlineData(NamespacePair.HereLinkLocal, NamespacePair.ThereLinkLocal, false)]
    [InlineData(NamespacePair.HereIPv4, NamespacePair.ThereIPv4, true)]
    [InlineData(NamespacePair.HereIPv6, NamespacePair.ThereIPv6, true)]
    public async Task Two_systems_come_Up_and_settle_on_their_intervals(string here, string there, bool isMultihop)
    {
        using var pair = NamespacePair.Make();
        using var ours = Start(pair.Here);
        using var theirs = Start(pair.There);
        var watch = ours.Add(Target(here, there, isMultihop), _ => { });
        var other = theirs.Add(Target(there, here, isMultihop), _ => { });

        await Until(watch, status => status.Session is
        {
            SessionState: BfdState.Up, RemoteSessionState: BfdState.Up, IsPolling: false,
            DetectionTime.TotalMilliseconds: 150,
        });

        var status = await watch.StatusAsync();
        Assert.Equal(TimeSpan.FromMilliseconds(50), status.Session.TransmitInterval);
        Assert.Equal(status.Session.RemoteDiscr, (await other.StatusAsync()).Session.LocalDiscr);
        Assert.Equal((0, 0), (status.Downs, status.PacketsDiscarded));
    }

    [Fact]
    public async Task A_stop_tells_AdminDown_and_the_remote_system_does_not_call_it_a_failure()
    {
        using var pair = NamespacePair.Make();
        using var ours = Start(pair.Here);
        using var theirs = Start(pair.There);
        var reports = new List<BfdReport>();
        ours.Add(Target(NamespacePair.HereIPv4, NamespacePair.ThereIPv4), _ => { });
        var other = theirs.Add(Target(NamespacePair.ThereIPv4, NamespacePair.HereIPv4), Keep);
        await Until(other, status => status.Session.SessionState == BfdState.Up);

        await ours.StopAsync(TimeProvider.System);

        await Until(other, status => status.Session.RemoteSessionState == BfdState.AdminDown);
        lock (reports)
        {
            Assert.Equal(BfdState.Down, reports[^1].State);
            Assert.True(reports[^1].IsPermission);
            Assert.DoesNotContain(reports, report => report.Changed is { IsFailure: true });
        }

        void Keep(BfdReport report)
        {
            lock (reports)
                reports.Add(report);
        }
    }

    [Fact]
    public async Task The_source_port_is_from_49152_on_and_stays()
    {
        using var pair = NamespacePair.Make();
        using var ours = Start(pair.Here);
        using var remote = RemoteSystem.Open(pair);
        ours.Add(Target(NamespacePair.HereIPv4, NamespacePair.ThereIPv4), _ => { });

        await remote.ReceiveAsync();
        var first = remote.Source!;
        await remote.BringUpAsync();

        Assert.InRange(first.Port, 49152, 65535);
        Assert.Equal(first, remote.Source);
    }

    [Fact]
    public async Task A_packet_from_a_hop_away_is_discarded_and_counted()
    {
        using var pair = NamespacePair.Make();
        using var ours = Start(pair.Here);
        using var remote = RemoteSystem.Open(pair);
        var watch = ours.Add(Target(NamespacePair.HereIPv4, NamespacePair.ThereIPv4), _ => { });
        await remote.ReceiveAsync();

        remote.Ttl = 254;
        remote.Send(remote.Packet(BfdState.Down));

        var status = await Until(watch, status => status.PacketsDiscarded == 1);
        Assert.Equal((0, BfdState.Down), (status.PacketsReceived, status.Session.SessionState));
    }

    [Fact]
    public async Task Silence_takes_the_session_down_and_is_reported_as_a_failure()
    {
        using var pair = NamespacePair.Make();
        using var ours = Start(pair.Here);
        using var remote = RemoteSystem.Open(pair);
        var failure = new TaskCompletionSource<BfdStateChange>();
        ours.Add(Target(NamespacePair.HereIPv4, NamespacePair.ThereIPv4), Keep);

        await remote.BringUpAsync();

        var change = await failure.Task.WaitAsync(Bound, TestContext.Current.CancellationToken);
        Assert.Equal(BfdDiagnostic.ControlDetectionTimeExpired, change.Diagnostic);

        void Keep(BfdReport report)
        {
            if (report.Changed is { IsFailure: true } change)
                failure.TrySetResult(change);
        }
    }

    /// <summary>Fault 7: whatever holds our thread up, what the kernel has for us came in time.</summary>
    [Fact]
    public async Task A_thread_that_is_held_up_for_longer_than_the_detection_time_takes_no_session_down()
    {
        using var pair = NamespacePair.Make();
        using var ours = Start(pair.Here);
        using var remote = RemoteSystem.Open(pair);
        var watch = ours.Add(Target(NamespacePair.HereIPv4, NamespacePair.ThereIPv4), _ => { });
        await remote.BringUpAsync();
        remote.DetectMult = 10;
        var heldUp = TimeSpan.FromSeconds(2);

        using (HoldUp(ours))
        {
            await remote.SendUpForAsync(heldUp);
        }

        // It reads before it sends, and is late only when it has sent.
        var status = await Poll.Until(
            () =>
            {
                remote.Send(remote.Packet(BfdState.Up));
                return watch.StatusAsync();
            },
            status => status.Lateness.Maximum > heldUp / 2,
            Bound,
            "it was held up for long");
        Assert.Equal((BfdState.Up, 0), (status.Session.SessionState, status.Downs));
    }

    [Fact]
    public async Task Packets_that_our_own_buffer_lost_are_no_silence()
    {
        using var pair = NamespacePair.Make();
        using var ours = Start(pair.Here);
        using var remote = RemoteSystem.Open(pair);
        var watch = ours.Add(Target(NamespacePair.HereIPv4, NamespacePair.ThereIPv4), _ => { });
        await remote.BringUpAsync();
        remote.DetectMult = 10;
        remote.Send(remote.Packet(BfdState.Up));
        await Until(watch, status => status.Session.RemoteDetectMult == 10);

        using (HoldUp(ours))
        {
            // Strangers fill the buffer, so that nothing of the session's own gets in.
            for (var packet = 0; packet < 2 * BfdReceiver.Capacity; packet++)
                remote.Send(remote.Packet(BfdState.Up) with { YourDiscriminator = 99 });
            await remote.SendUpForAsync(TimeSpan.FromSeconds(1));
        }

        var status = await watch.StatusAsync();
        Assert.Equal((BfdState.Up, 0), (status.Session.SessionState, status.Downs));
    }

    [Fact]
    public async Task Nothing_is_allocated_for_a_packet()
    {
        using var pair = NamespacePair.Make();
        using var ours = Start(pair.Here);
        using var remote = RemoteSystem.Open(pair);
        var watch = ours.Add(Target(NamespacePair.HereIPv4, NamespacePair.ThereIPv4), _ => { });
        await remote.BringUpAsync();

        var least = long.MaxValue;
        for (var round = 0; round < 20 && least > 0; round++)
        {
            var before = CountAllocated(ours);
            for (var packet = 0; packet < 10; packet++)
            {
                remote.Send(remote.Packet(BfdState.Up));
                // Packets for nobody, and those that name no session, take the other ways.
                remote.Send(remote.Packet(BfdState.Up) with { YourDiscriminator = 99 });
                remote.Ttl = 254;
                remote.Send(remote.Packet(BfdState.Down) with { YourDiscriminator = 0 });
                remote.Ttl = 255;
                await remote.ReceiveAsync();
            }
            least = Math.Min(least, CountAllocated(ours) - before);
        }

        Assert.Equal(0, least);
        Assert.True((await watch.StatusAsync()).PacketsReceived > 10);
    }

    // By an event: a task would be completed, and that allocates, on the thread that is measured.
    private static long CountAllocated(BfdTransport transport)
    {
        using var counted = new ManualResetEventSlim();
        long octets = 0;
        transport.Start().Post(() =>
        {
            octets = GC.GetAllocatedBytesForCurrentThread();
            counted.Set();
        });
        Assert.True(counted.Wait(Bound, TestContext.Current.CancellationToken));
        return octets;
    }

    private static BfdTransport Start(Func<Func<BfdTransport>, BfdTransport> inside) => inside(() =>
    {
        var transport = new BfdTransport(secret: 1, NullLogger.Instance);
        transport.Start();
        return transport;
    });

    private static BfdTarget Target(string local, string remote, bool isMultihop = false)
    {
        var address = IPAddress.Parse(remote);
        var path = new BfdPath
        {
            Remote = address,
            Local = address.IsIPv6LinkLocal ? null : IPAddress.Parse(local),
            IsMultihop = isMultihop,
        };
        return new("peer", path, address.IsIPv6LinkLocal ? NamespacePair.Interface : null, Settings);
    }

    private static Task<BfdStatus> Until(BfdWatch watch, Func<BfdStatus, bool> isAccepted) =>
        Poll.Until(watch.StatusAsync, isAccepted, Bound, "the session is as wanted");

    // Until it is disposed, also when the test fails: a transport joins its thread.
    private static HeldUp HoldUp(BfdTransport transport)
    {
        var held = new HeldUp();
        transport.Start().Post(held.Wait);
        return held;
    }

    private sealed class HeldUp : IDisposable
    {
        private readonly TaskCompletionSource _released = new();

        public void Wait() => _released.Task.Wait();

        public void Dispose() => _released.SetResult();
    }
}

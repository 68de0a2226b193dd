using System.Globalization;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

public sealed class PeerInvariantTests
{
    private static readonly ConnectionId Dialled = new(1);
    private static readonly ConnectionId Accepted = new(-1);

    private static readonly OpenMessage Helper = PeerOpen(more: new GracefulRestartCapability(false, true, 120, []));

    // What leads to each combination of states that the two connections of a peer can have.
    private static readonly Dictionary<string, PeerEvent[]> Paths = new()
    {
        ["Idle"] = [],
        ["Connect"] = [new ManualStart()],
        ["Active"] = [new ManualStart(), new TcpConnectionFails(Dialled, "connection refused")],
        ["OpenSent"] = [new ManualStart(), new Tcp_CR_Acked(Dialled)],
        ["OpenConfirm"] = [new ManualStart(), new Tcp_CR_Acked(Dialled), new BgpOpen(Dialled, PeerOpen())],
        ["Established"] =
        [
            new ManualStart(), new Tcp_CR_Acked(Dialled), new BgpOpen(Dialled, PeerOpen()), new KeepAliveMsg(Dialled),
        ],
        ["Connect and OpenSent"] = [new ManualStart(), new TcpConnectionConfirmed(Accepted)],
        ["Connect and OpenConfirm"] =
            [new ManualStart(), new TcpConnectionConfirmed(Accepted), new BgpOpen(Accepted, PeerOpen())],
        ["OpenSent and OpenSent"] =
            [new ManualStart(), new Tcp_CR_Acked(Dialled), new TcpConnectionConfirmed(Accepted)],
        ["OpenConfirm and OpenSent"] =
        [
            new ManualStart(), new Tcp_CR_Acked(Dialled), new TcpConnectionConfirmed(Accepted),
            new BgpOpen(Dialled, PeerOpen()),
        ],
        ["OpenSent and OpenConfirm"] =
        [
            new ManualStart(), new Tcp_CR_Acked(Dialled), new TcpConnectionConfirmed(Accepted),
            new BgpOpen(Accepted, PeerOpen()),
        ],
        ["accepted Established"] =
        [
            new ManualStart(), new TcpConnectionConfirmed(Accepted), new BgpOpen(Accepted, PeerOpen()),
            new KeepAliveMsg(Accepted),
        ],
    };

    public static TheoryData<string> States => [.. Paths.Keys];

    [Theory]
    [MemberData(nameof(States))]
    public void Every_event_is_taken_in_every_state_at_any_time(string state)
    {
        ConnectionId[] ids = [Dialled, Accepted, new(99), new(-99)];
        PeerEvent[] events = [.. EventKinds.OfPeer, .. ids.SelectMany(EventKinds.OfConnection)];
        foreach (var happened in events)
        {
            foreach (var later in new[] { 0, 1, 3, 9, 240, 100_000 })
            {
                foreach (var strict in new[] { false, true })
                {
                    var peer = new PeerInvariants(Settings with { BfdStrict = strict }, seed: 1);
                    foreach (var step in Paths[state])
                    {
                        peer.Take(step);
                        peer.Take(new BfdUp());
                    }
                    peer.Now = Seconds(later);

                    peer.Take(happened);
                    peer.Take(new TimersDue());
                }
            }
        }
    }

    [Fact]
    public void No_kind_of_event_is_left_out_here()
    {
        var all = typeof(PeerEvent).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(PeerEvent)) && !type.IsAbstract);
        PeerEvent[] tried = [.. EventKinds.OfPeer, .. EventKinds.OfConnection(Dialled)];

        Assert.Equivalent(all, tried.Select(happened => happened.GetType()).Distinct(), strict: true);
    }

    [Fact]
    public void Invariants_hold_over_random_events()
    {
        var seeds = int.Parse(
            Environment.GetEnvironmentVariable("VIP_SEEDS") ?? "100", CultureInfo.InvariantCulture);
        var established = 0;
        for (var seed = 1; seed <= seeds; seed++)
        {
            try
            {
                established += RunRandomEvents(seed);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed} fails", failure);
            }
        }

        // Without sessions that come up and end, the runs would prove little.
        Assert.InRange(established, seeds, int.MaxValue);
    }

    private static int RunRandomEvents(int seed)
    {
        var random = new Random(seed);
        var settings = Settings with
        {
            Passive = random.Next(8) == 0,
            HoldTime = Seconds(random.Next(4) == 0 ? 0 : 9),
            SendHoldTime = random.Next(2) == 0 ? Seconds(12) : null,
            BfdStrict = random.Next(8) == 0,
            RestartTime = random.Next(2) == 0 ? Seconds(15) : null,
        };
        var peer = new PeerInvariants(settings, (ulong)seed);
        peer.Take(new ManualStart());
        for (var step = 0; step < 500; step++)
        {
            peer.Now += Seconds(random.NextDouble() * random.Next(3));
            peer.Take(Choose(random, peer, step));
        }
        peer.Take(new ManualStop("the end"));
        Assert.Empty(peer.Live);
        Assert.Null(PeerFsm.NextDeadline(peer.State));
        return (int)peer.State.Flaps;
    }

    private static PeerEvent Choose(Random random, PeerInvariants peer, int step)
    {
        switch (random.Next(10))
        {
            case 0:
                return new TcpConnectionConfirmed(new(-1 - step));
            case 1 when peer.State.IsHeldByBfd:
                return new BfdUp();
            case 1:
                return random.Next(8) == 0 ? Pick(random, EventKinds.OfPeer) : new ManualStart();
            case 2:
                peer.Now = PeerFsm.NextDeadline(peer.State) is { } due && due > peer.Now ? due : peer.Now;
                return new TimersDue();
            case 3:
                return Pick(random, EventKinds.OfConnection(PickId(random, peer.Gone)));
            case 4:
                return Pick(random, EventKinds.OfConnection(PickId(random, peer.Live)));
            default:
                var id = PickId(random, peer.Live);
                return Pick(
                    random,
                    [new Tcp_CR_Acked(id), new BgpOpen(id, Helper), new KeepAliveMsg(id), new BytesWritten(id)]);
        }
    }

    private static ConnectionId PickId(Random random, IReadOnlySet<ConnectionId> ids) =>
        ids.Count == 0 ? new ConnectionId(long.MaxValue) : ids.ElementAt(random.Next(ids.Count));

    private static PeerEvent Pick(Random random, PeerEvent[] events) => events[random.Next(events.Length)];
}

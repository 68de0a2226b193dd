using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.HealthGate.Links;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Lease = AnycastVip.HealthGate.Links.Lease;

namespace AnycastVip.HealthGate.Tests.Links;

/// <summary>The gate's end of the announcing stream, against a speaker that says what the test says.</summary>
public sealed class SpeakerLinkTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);
    private static readonly Lease Lease = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1));

    private readonly LinkRun _run = new();
    private readonly ScriptedSpeaker _speaker = new();

    public ValueTask DisposeAsync() => _run.DisposeAsync();

    [Fact]
    public async Task The_hello_asks_for_the_lease_and_what_was_taken_over_is_told()
    {
        await _run.Serve(_speaker);
        Start();

        var stream = await _speaker.Streams.Next();
        var hello = (await stream.Receive()).Hello;
        await stream.Send(new() { Accepted = new() { TookOver = true } });

        Assert.Equal(
            new AnnounceHello
            {
                ClientId = "gate",
                Epoch = 7,
                LeaseTtl = Duration.FromTimeSpan(TimeSpan.FromSeconds(5)),
                HeartbeatInterval = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
            },
            hello);
        Assert.Equal(new SpeakerConnected(true), await _run.Next());
    }

    public static TheoryData<Announcement, RouteOptions, string> Declarations => new()
    {
        {
            Announcement.Normal, new(),
            """{"vip": "web", "intent": 1, "reason": "why", "routes": [{"prefix": "192.0.2.0/24", "attributes": {}}]}"""
        },
        {
            Announcement.Draining,
            new()
            {
                Med = 0, LocalPref = 5, AsPathPrepend = 2, Communities = "65001:1 graceful-shutdown",
                LargeCommunities = "65001:1:2", ExtendedCommunities = "rt:65001:1 soo:65001:2",
                LinkBandwidth = 10_000_000_000,
            },
            """
            {"vip": "web", "intent": 1, "reason": "why", "routes": [{"prefix": "192.0.2.0/24", "attributes": {
              "med": 0, "localPref": 5, "asPathPrepend": 2, "communities": ["65001:1", "graceful-shutdown"],
              "largeCommunities": ["65001:1:2"], "extendedCommunities": ["rt:65001:1", "soo:65001:2"],
              "linkBandwidth": "10000000000"}}]}
            """
        },
        {
            Announcement.Standby, new() { Med = 500 },
            """
            {"vip": "web", "intent": 1, "reason": "why",
             "routes": [{"prefix": "192.0.2.0/24", "attributes": {"med": 500}}]}
            """
        },
        { Announcement.None, new() { Med = 1 }, """{"vip": "web", "intent": 2, "reason": "why"}""" },
        { Announcement.Unknown, new() { Med = 1 }, """{"vip": "web", "intent": 3, "reason": "why"}""" },
    };

    [Theory]
    [MemberData(nameof(Declarations))]
    public async Task Each_declaration_is_sent_as_the_speaker_understands_it(
        Announcement what, RouteOptions route, string expected)
    {
        var link = await Connected();

        link.Link.Send(new Declare(3, [new("web", what, "why", ["192.0.2.0/24"], route)]));

        var set = (await link.Stream.Receive()).DesiredSet;
        Assert.Equal(3UL, set.Revision);
        Assert.Equal(VipAnnouncement.Parser.ParseJson(expected), Assert.Single(set.Vips));
    }

    [Fact]
    public async Task Judgement_and_delivery_reach_the_engine()
    {
        var link = await Connected();
        var written = new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

        await link.Stream.Send(new()
        {
            Result = new() { Revision = 3, Refused = { new RefusedRoute { Prefix = "192.0.2.0/24", Text = "no" } } },
        });
        await link.Stream.Send(new()
        {
            Progress = new()
            {
                Revision = 3,
                Peers =
                {
                    new PeerDelivery { Peer = "a", State = DeliveryState.NoSession },
                    new PeerDelivery { Peer = "b", State = DeliveryState.Pending },
                    new PeerDelivery
                    {
                        Peer = "c", State = DeliveryState.Acknowledged, WrittenAt = written.ToTimestamp(),
                        AcknowledgedAt = written.AddMilliseconds(1).ToTimestamp(),
                    },
                },
            },
        });

        var judged = Assert.IsType<DeclarationJudged>(await _run.Next());
        Assert.Equal((3UL, new("192.0.2.0/24", "no")), (judged.Revision, Assert.Single(judged.Refused)));
        var delivered = Assert.IsType<DeliveryReported>(await _run.Next());
        Assert.Equal(3UL, delivered.Revision);
        Assert.Equal(
            [
                new("a", false, null, null),
                new("b", true, null, null),
                new("c", true, written, written.AddMilliseconds(1)),
            ],
            delivered.Peers);
    }

    [Fact]
    public async Task A_speaker_that_reports_but_answers_no_heartbeat_for_three_intervals_is_lost_and_asked_again()
    {
        var link = await Connected();
        var start = _run.Clock.Now;

        var lost = Assert.IsType<SpeakerLost>(await _run.NextWhileReporting<DeliveryReported>(
            () => link.Stream.Send(new() { Progress = new() }), Step));

        Assert.Contains("no sign of life for 3000 ms", lost.Reason, Ordinal);
        Assert.InRange(_run.Clock.Now - start, TimeSpan.FromSeconds(3), TimeSpan.MaxValue);
        Assert.Equal(7UL, (await (await _speaker.Streams.Next()).Receive()).Hello.Epoch);
    }

    [Fact]
    public async Task A_newer_gate_is_told_loudly_and_left_in_peace()
    {
        var link = await Connected();

        link.Stream.End(StatusCode.FailedPrecondition, "epoch 7 is older than 8");

        Assert.Equal(new SpeakerLost("epoch 7 is older than 8"), await _run.Next());
        var lostAt = _run.Clock.Now;
        await _run.PassUntil(() => _speaker.Streams.IsOpened, Step);
        Assert.InRange(_run.Clock.Now - lostAt, TimeSpan.FromSeconds(5), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task Another_lease_is_asked_for_by_a_new_stream()
    {
        var link = await Connected();

        link.Link.Lease = new(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(2));

        Assert.Contains("another lease", Assert.IsType<SpeakerLost>(await _run.Next()).Reason, Ordinal);
        var hello = (await (await _speaker.Streams.Next()).Receive()).Hello;
        Assert.Equal(TimeSpan.FromSeconds(9), hello.LeaseTtl.ToTimeSpan());
        Assert.Equal(TimeSpan.FromSeconds(2), hello.HeartbeatInterval.ToTimeSpan());
    }

    [Fact]
    public async Task The_same_lease_again_changes_nothing()
    {
        var link = await Connected();

        link.Link.Lease = Lease with { };

        await link.Stream.Send(new() { Result = new() { Revision = 1 } });
        Assert.IsType<DeclarationJudged>(await _run.Next());
    }

    private SpeakerLink Start()
    {
        var link = _run.Keep(new SpeakerLink(_run.Options, epoch: 7, Lease));
        link.Start();
        return link;
    }

    private async Task<(SpeakerLink Link, ScriptedStream<AnnounceRequest, AnnounceResponse> Stream)> Connected()
    {
        await _run.Serve(_speaker);
        var link = Start();
        var stream = await _speaker.Streams.Next();
        await stream.Receive();
        await stream.Send(new() { Accepted = new() });
        Assert.IsType<SpeakerConnected>(await _run.Next());
        return (link, stream);
    }
}

using AnycastVip.BgpSpeaker.Tests.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.BgpSpeaker.Tests.Api;

/// <summary>Announce of proto/anycastvip/v1/speaker.proto over a real Unix socket.</summary>
public sealed class AnnounceApiTests
{
    private const string Address = "127.3.0.1";
    private const string Vip = "203.0.113.50/32";
    private static readonly Duration OneSecond = Seconds(1);

    // Each is refused, with more text than the request has.
    private static readonly string[] Nonsense = [.. Enumerable.Range(0, 100).Select(i => $"nonsense {i}")];

    public static TheoryData<string, AnnounceHello, string> BadHellos => new()
    {
        { "empty client id", new AnnounceHello { Epoch = 1 }, "client id" },
        { "client id with a slash", new AnnounceHello { ClientId = "a/b" }, "client id" },
        { "client id of 65 characters", new AnnounceHello { ClientId = new string('a', 65) }, "client id" },
        { "lease below 1 s", Hello(new Duration { Nanos = 999_999_999 }), "lease_ttl" },
        { "lease above 60 s", Hello(new Duration { Seconds = 60, Nanos = 100 }), "lease_ttl" },
        { "negative lease", Hello(Seconds(-1)), "lease_ttl" },
        { "a lease that is no valid Duration", Hello(new Duration { Seconds = 1, Nanos = -1 }), "lease_ttl" },
        { "heartbeat 0", Hello(Seconds(4), Seconds(0)), "heartbeat_interval" },
        { "heartbeat above half of the lease", Hello(Seconds(4), Seconds(3)), "heartbeat_interval" },
        { "a heartbeat that is no valid Duration", Hello(null, Seconds(long.MaxValue)), "heartbeat_interval" },
    };

    public static TheoryData<string, AnnounceRequest, string> BadRequests => new()
    {
        { "nothing", new AnnounceRequest(), "desired_set or heartbeat" },
        { "a second hello", new AnnounceRequest { Hello = Hello(null) }, "desired_set or heartbeat" },
        { "an unset intent", Set(2, new VipAnnouncement { Vip = "web" }), "intent" },
        { "an unknown intent", Set(2, new VipAnnouncement { Vip = "web", Intent = (VipIntent)9 }), "intent" },
        { "a revision that does not grow", Set(1), "revision" },
        { "a VIP twice", Set(2, Withdraw("web"), Withdraw("web")), "twice" },
        { "a VIP without a name", Set(2, Withdraw("")), "name" },
    };

    [Fact]
    public async Task Anything_but_hello_first_is_INVALID_ARGUMENT()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var lease = sandbox.Announce();

        await lease.HeartbeatAsync();

        Assert.Contains("hello", await lease.AssertEndedAsync(StatusCode.InvalidArgument), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_ends_before_hello_is_INVALID_ARGUMENT()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var lease = sandbox.Announce();

        await lease.HalfCloseAsync();

        await lease.AssertEndedAsync(StatusCode.InvalidArgument);
    }

    [Theory]
    [MemberData(nameof(BadHellos), DisableDiscoveryEnumeration = true)]
    public async Task A_bad_hello_is_INVALID_ARGUMENT(string what, AnnounceHello hello, string named)
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var lease = sandbox.Announce();

        await lease.SendAsync(hello);

        var detail = await lease.AssertEndedAsync(StatusCode.InvalidArgument);
        Assert.True(detail.Contains(named, StringComparison.Ordinal), $"{what}: {detail}");
        Assert.Empty((await sandbox.Client().ListLeasesAsync(new ListLeasesRequest(), ApiSandbox.Call)).Leases);
    }

    [Theory]
    [MemberData(nameof(BadRequests), DisableDiscoveryEnumeration = true)]
    public async Task A_bad_request_is_INVALID_ARGUMENT_and_moves_no_route(
        string what, AnnounceRequest request, string named)
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var lease = await sandbox.OpenAsync();
        await lease.AskAsync(VipIntent.Announce, Vip);

        await lease.SendAsync(request);

        var detail = await lease.AssertEndedAsync(StatusCode.InvalidArgument);
        Assert.True(detail.Contains(named, StringComparison.Ordinal), $"{what}: {detail}");
        await sandbox.WaitRouteAsync(Vip, RouteState.Held);
        Assert.Single(sandbox.Speaker.Speaker.Leases.Routes.Routes);
    }

    [Fact]
    public async Task An_older_epoch_is_FAILED_PRECONDITION_and_leaves_the_newer_alone()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var newer = await sandbox.OpenAsync(epoch: 2);
        using var older = sandbox.Announce();

        await older.SendAsync(new AnnounceHello { ClientId = "gate", Epoch = 1 });

        await older.AssertEndedAsync(StatusCode.FailedPrecondition);
        await newer.HeartbeatAsync();
        await newer.WaitAsync(response => response.HeartbeatAck is not null);
    }

    [Fact]
    public async Task A_newer_epoch_takes_over_and_the_older_stream_ends_ABORTED()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var older = await sandbox.OpenAsync(epoch: 1);
        await older.AskAsync(VipIntent.Announce, Vip);
        using var newer = sandbox.Announce();

        await newer.SendAsync(new AnnounceHello { ClientId = "gate", Epoch = 2 });

        Assert.True((await newer.WaitAsync(response => response.Accepted is not null)).Accepted.TookOver);
        await older.AssertEndedAsync(StatusCode.Aborted);
        Assert.Equal(RouteState.Held, (await sandbox.RouteAsync(Vip)).State);
        Assert.Empty((await newer.AskAsync(VipIntent.Announce, Vip)).Refused);
        Assert.Equal(RouteState.Announced, (await sandbox.RouteAsync(Vip)).State);
    }

    [Fact]
    public async Task Hello_is_answered_with_the_configured_times_where_it_has_none()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var lease = sandbox.Announce();

        await lease.SendAsync(Hello(null));

        var accepted = (await lease.WaitAsync(response => response.Accepted is not null)).Accepted;
        Assert.Equal((Seconds(5), OneSecond, false),
            (accepted.LeaseTtl, accepted.HeartbeatInterval, accepted.TookOver));
    }

    [Fact]
    public async Task Refused_routes_come_with_their_reasons_and_the_rest_stands()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var first = await sandbox.OpenAsync("other");
        await first.SendAsync(Set(1, Announcement("203.0.113.7/32", new RouteAttributes { Med = 1 })));
        await first.WaitAsync(response => response.Result is not null);
        using var lease = await sandbox.OpenAsync();

        var twicePerPeer = Announcement("203.0.113.11/32");
        twicePerPeer.Routes[0].PeerAttributes.Add(Enumerable.Repeat(new PeerRouteAttributes { Peer = "tor1" }, 2));
        await lease.SendAsync(Set(
            1,
            Announcement(Vip),
            Announcement("198.51.100.1/32"),
            Announcement("0.0.0.0/0"),
            Announcement("203.0.113.1/24"),
            Announcement("nonsense"),
            Announcement("203.0.113.8/32", new RouteAttributes { Communities = { "blue" } }),
            Announcement("203.0.113.9/32", new RouteAttributes { ExtendedCommunities = { "color:1:1" } }),
            Announcement("203.0.113.10/32", new RouteAttributes { LinkBandwidth = 0 }),
            twicePerPeer,
            Announcement("203.0.113.7/32", new RouteAttributes { Med = 2 })));

        var result = (await lease.WaitAsync(response => response.Result is not null)).Result;
        Assert.Equal(
            new Dictionary<string, RefusalReason>
            {
                ["198.51.100.1/32"] = RefusalReason.NotAllowed,
                ["0.0.0.0/0"] = RefusalReason.NotAllowed,
                ["203.0.113.1/24"] = RefusalReason.Malformed,
                ["nonsense"] = RefusalReason.Malformed,
                ["203.0.113.8/32"] = RefusalReason.Malformed,
                ["203.0.113.9/32"] = RefusalReason.Malformed,
                ["203.0.113.10/32"] = RefusalReason.Malformed,
                ["203.0.113.11/32"] = RefusalReason.Malformed,
                ["203.0.113.7/32"] = RefusalReason.Conflict,
            },
            result.Refused.ToDictionary(refused => refused.Prefix, refused => refused.Reason));
        Assert.All(result.Refused, refused => Assert.NotEqual("", refused.Text));
        Assert.Equal(RouteState.Announced, (await sandbox.RouteAsync(Vip)).State);
    }

    [Fact]
    public async Task Delivery_is_NO_SESSION_where_no_session_is_and_ACKNOWLEDGED_once_there_is_one()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        using var lease = await sandbox.OpenAsync(ttl: Seconds(60));
        var revision = await lease.DeclareAsync(VipIntent.Announce, Vip);
        var none = await lease.WaitDeliveryAsync(revision, Address, DeliveryState.NoSession);
        Assert.Null(none.WrittenAt);

        using var peer = await sandbox.Speaker.EstablishAsync(Address);

        var delivery = await lease.WaitDeliveryAsync(revision, Address, DeliveryState.Acknowledged);
        Assert.True(delivery.WrittenAt <= delivery.AcknowledgedAt, delivery.ToString());
        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));
    }

    [Fact]
    public async Task Delivery_is_WRITTEN_or_PENDING_while_the_peer_takes_nothing()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        using var peer = await sandbox.Speaker.EstablishAsync(Address, receiveBuffer: 4096);
        using var lease = await sandbox.OpenAsync(ttl: Seconds(60));

        var first = await lease.DeclareAsync(VipIntent.Announce, TestSpeaker.Prefixes(20_000));
        var written = await lease.WaitDeliveryAsync(first, Address, DeliveryState.Written);
        Assert.Equal((true, false), (written.WrittenAt is not null, written.AcknowledgedAt is not null));
        await WindowFiller.FillAsync(sandbox.Speaker, Address, peer);
        var second = await lease.DeclareAsync(VipIntent.Announce, Vip);
        var pending = await lease.WaitDeliveryAsync(second, Address, DeliveryState.Pending);
        Assert.Null(pending.WrittenAt);

        var draining = peer.DrainAsync();
        await lease.WaitDeliveryAsync(second, Address, DeliveryState.Acknowledged);
        peer.Dispose();
        await draining;
    }

    [Fact]
    public async Task A_lease_outlives_its_stream_and_ends_with_its_time_to_live()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        using var peer = await sandbox.Speaker.EstablishAsync(Address);
        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));
        var lease = await sandbox.OpenAsync(ttl: OneSecond);
        await lease.AskAsync(VipIntent.Announce, Vip);
        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));

        lease.Dispose();

        var held = await sandbox.WaitRouteAsync(Vip, RouteState.Held);
        Assert.NotNull(held.LeaseExpiresAt);
        Assert.True(held.Peers.Single().Advertised);
        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));
        await sandbox.WaitRouteAsync(Vip, RouteState.Withdrawn);
    }

    [Fact]
    public async Task A_silent_client_loses_its_lease_though_its_stream_is_open()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var lease = await sandbox.OpenAsync(ttl: OneSecond);
        await lease.AskAsync(VipIntent.Announce, Vip);

        Assert.Contains("ran out", await lease.AssertEndedAsync(StatusCode.Aborted), StringComparison.Ordinal);

        Assert.Empty(sandbox.Speaker.Speaker.Leases.Routes.Routes);
    }

    [Fact]
    public async Task What_was_asked_before_the_client_ended_its_side_is_still_answered()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var lease = sandbox.Announce();

        await lease.SendAsync(Hello(Seconds(60)));
        for (var i = 0; i < 200; i++)
            await lease.DeclareAsync(VipIntent.Announce, [Vip, .. Nonsense]);
        await lease.HalfCloseAsync();
        // Nothing was read so far, and the answers are more than the buffers between hold.
        await sandbox.WaitRouteAsync(Vip, RouteState.Held);

        await lease.WaitAsync(response => response.Result?.Revision == 200);
        await lease.AssertEndsWellAsync();
    }

    [Fact]
    public async Task A_stopped_server_does_not_end_the_stream_as_if_all_were_well()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var lease = await sandbox.OpenAsync();

        await sandbox.Server.StopAsync();

        var error = await Assert.ThrowsAsync<RpcException>(lease.AssertEndsWellAsync);
        Assert.True(RpcFailure.Of(error, "speaker.sock").Unreachable, error.ToString());
    }

    [Fact]
    public async Task A_client_that_never_reads_is_ended_within_bounds_and_disturbs_nobody()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var other = await sandbox.OpenAsync("other", ttl: Seconds(60));
        using var deaf = sandbox.Announce();
        await deaf.SendAsync(new AnnounceHello { ClientId = "deaf", Epoch = 1, LeaseTtl = Seconds(60) });

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            for (var i = 0; i < 5_000; i++)
                await deaf.DeclareAsync(VipIntent.Announce, Nonsense);
        });

        await other.HeartbeatAsync();
        await other.WaitAsync(response => response.HeartbeatAck is not null);
        var leases = await Poll.Until(
            async () => (await sandbox.Client().ListLeasesAsync(new ListLeasesRequest(), ApiSandbox.Call)).Leases,
            leases => leases.Any(lease => lease is { ClientId: "deaf", Connected: false }),
            TestSpeaker.Bound,
            "the deaf client's stream has ended");
        Assert.True(leases.Single(lease => lease.ClientId == "other").Connected);
    }

    private static Duration Seconds(long seconds) => new() { Seconds = seconds };

    private static AnnounceHello Hello(Duration? ttl, Duration? heartbeat = null) =>
        new() { ClientId = "gate", Epoch = 1, LeaseTtl = ttl, HeartbeatInterval = heartbeat };

    private static AnnounceRequest Set(ulong revision, params VipAnnouncement[] vips) =>
        new() { DesiredSet = new DesiredSet { Revision = revision, Vips = { vips } } };

    private static VipAnnouncement Withdraw(string vip) => new() { Vip = vip, Intent = VipIntent.Withdraw };

    private static VipAnnouncement Announcement(string prefix, RouteAttributes? attributes = null) => new()
    {
        Vip = prefix,
        Intent = VipIntent.Announce,
        Routes = { new RouteAnnouncement { Prefix = prefix, Attributes = attributes } },
    };
}

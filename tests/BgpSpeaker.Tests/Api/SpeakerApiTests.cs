using System.Text;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Tests.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using PeerState = AnycastVip.Proto.V1.PeerState;
using PeerTransition = AnycastVip.Proto.V1.PeerTransition;

namespace AnycastVip.BgpSpeaker.Tests.Api;

/// <summary>The calls of speaker.proto that operators make, over a real Unix socket.</summary>
public sealed class SpeakerApiTests
{
    private const string Address = "127.3.1.1";
    private const string OtherAddress = "127.3.1.2";
    private const string Vip = "203.0.113.50/32";

    [Fact]
    public async Task An_unknown_peer_is_NOT_FOUND_and_the_known_ones_are_named()
    {
        await using var sandbox = await ApiSandbox.StartAsync(
            TestSpeaker.Passive(Address), TestSpeaker.Passive(OtherAddress));
        var client = sandbox.Client();
        var calls = new Func<Task>[]
        {
            async () => await client.ListPeersAsync(new ListPeersRequest { Name = "tor9" }, ApiSandbox.Call),
            async () => await client.ResetPeerAsync(new ResetPeerRequest { Name = "tor9" }, ApiSandbox.Call),
            async () => await client.SetPeerAdminStateAsync(
                new SetPeerAdminStateRequest { Name = "tor9", AdminState = PeerAdminState.Up }, ApiSandbox.Call),
            () => client.WatchPeers(new ListPeersRequest { Name = "tor9" }, ApiSandbox.Call)
                .ResponseStream.MoveNext(TestContext.Current.CancellationToken),
        };

        foreach (var call in calls)
        {
            var error = await Assert.ThrowsAsync<RpcException>(call);
            Assert.Equal(StatusCode.NotFound, error.StatusCode);
            Assert.Contains($"{Address}, {OtherAddress}", error.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_peer_is_taken_down_with_the_text_and_up_again()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        var client = sandbox.Client();
        using var peer = await sandbox.Speaker.EstablishAsync(Address);
        var request = new SetPeerAdminStateRequest
        {
            Name = Address,
            AdminState = PeerAdminState.Down,
            Reason = "kernel upgrade",
        };

        var down = (await client.SetPeerAdminStateAsync(request, ApiSandbox.Call)).Peer;

        Assert.Equal((PeerState.Idle, PeerAdminState.Down), (down.State, down.AdminState));
        Assert.Contains("kernel upgrade", down.Reason, StringComparison.Ordinal);
        Assert.Equal((6U, 2U), (down.LastSent.Code, down.LastSent.Subcode));
        var notification = await peer.ReadUntilAsync(MessageType.Notification);
        Assert.NotNull(notification);
        Assert.Equal([6, 2, 14, .. Encoding.UTF8.GetBytes("kernel upgrade")], notification[MessageSize.Header..]);
        request = new SetPeerAdminStateRequest { Name = Address, AdminState = PeerAdminState.Up };
        var up = (await client.SetPeerAdminStateAsync(request, ApiSandbox.Call)).Peer;
        Assert.Equal((PeerState.Active, PeerAdminState.Up), (up.State, up.AdminState));
        using var again = await sandbox.Speaker.EstablishAsync(Address);
        Assert.Equal(1UL, (await sandbox.PeerAsync(Address)).Flaps);
    }

    [Fact]
    public async Task A_reset_is_Cease_4_and_the_peer_may_come_back_at_once()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        using var peer = await sandbox.Speaker.EstablishAsync(Address);

        await sandbox.Client().ResetPeerAsync(
            new ResetPeerRequest { Name = Address, Reason = "new policy" }, ApiSandbox.Call);

        await peer.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.AdministrativeReset);
        using var again = await sandbox.Speaker.EstablishAsync(Address);
    }

    [Fact]
    public async Task Reasons_for_peers_have_at_most_255_octets_and_an_admin_state_must_be_set()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        var client = sandbox.Client();
        var tooLong = new string('a', 254) + "\u00e9";
        var down = new SetPeerAdminStateRequest { Name = Address, AdminState = PeerAdminState.Down, Reason = tooLong };
        await AssertInvalidAsync(async () => await client.SetPeerAdminStateAsync(down, ApiSandbox.Call));
        await AssertInvalidAsync(async () => await client.ResetPeerAsync(
            new ResetPeerRequest { Name = Address, Reason = tooLong }, ApiSandbox.Call));
        await AssertInvalidAsync(async () => await client.SetPeerAdminStateAsync(
            new SetPeerAdminStateRequest { Name = Address }, ApiSandbox.Call));
        Assert.Equal(PeerAdminState.Up, (await sandbox.PeerAsync(Address)).AdminState);
    }

    [Fact]
    public async Task A_peer_tells_how_its_session_failed_and_what_is_suspected_also_after_a_reload()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        using var stranger = await sandbox.Speaker.ConnectAsync(Address);
        await stranger.SendOpenAsync(TestSpeaker.Open(peerAs: 65009));
        await stranger.AssertNotifiedAsync(ErrorCode.OpenMessage, OpenMessageError.BadPeerAs);
        string[] steps =
        [
            "Idle -> Active: administratively up", "Active -> OpenSent: the peer connected",
            "OpenSent -> Active: the peer claims AS 65009, AS 65002 is configured",
        ];

        await sandbox.Speaker.ChangePeerAsync(
            Address, peer => peer with { Session = peer.Session with { RetryMinimum = TimeSpan.FromSeconds(2) } });

        var failed = await sandbox.PeerAsync(Address);
        Assert.Equal(steps, failed.Transitions.Select(Text));
        Assert.All(failed.Transitions, change => Assert.Equal(1UL, change.Times));
        Assert.Equal(failed.StateSince, failed.Transitions[^1].At);
        Assert.Equal(
            "wrong AS: the peer claims AS 65009, AS 65002 is configured; check this peer's asn here against the "
            + "router's own",
            failed.SuspectedCause);
        using var peer = await sandbox.Speaker.EstablishAsync(Address);
        var up = await sandbox.PeerAsync(Address);
        Assert.Equal("", up.SuspectedCause);
        Assert.Equal(
            [
                .. steps, "Active -> OpenSent: the peer connected", "OpenSent -> OpenConfirm: OPEN accepted",
                "OpenConfirm -> Established: session established",
            ],
            up.Transitions.Select(Text));
        Assert.Equal(
            ["multiprotocol ipv4-unicast", "route-refresh", "four-octet-as"], up.Session.CapabilitiesNegotiated);

        static string Text(PeerTransition change) => $"{change.From} -> {change.To}: {change.Cause}";
    }

    [Fact]
    public async Task WatchPeers_pushes_a_session_that_comes_and_goes()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        using var watch = sandbox.Client().WatchPeers(new ListPeersRequest(), ApiSandbox.Call);
        Assert.NotEqual(PeerState.Established, (await NextAsync(watch, _ => true)).Peers.Single().State);

        using var peer = await sandbox.Speaker.EstablishAsync(Address);
        await NextAsync(watch, answer => answer.Peers.Single().State == PeerState.Established);
        peer.Dispose();
        await NextAsync(watch, answer => answer.Peers.Single() is { State: PeerState.Active, Flaps: 1 });
    }

    [Fact]
    public async Task WatchRoutes_pushes_every_change_of_a_route_and_of_its_lease()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var watch = sandbox.Client().WatchRoutes(new ListRoutesRequest(), ApiSandbox.Call);
        await NextAsync(watch, answer => answer.Routes.Count == 0);
        using var lease = await sandbox.OpenAsync(ttl: new Duration { Seconds = 60 });

        await lease.AskAsync(VipIntent.Announce, Vip);
        await NextAsync(watch, answer => answer.Routes is [{ State: RouteState.Announced }]);
        await lease.HalfCloseAsync();
        await NextAsync(watch, answer => answer.Routes is [{ State: RouteState.Held, LeaseExpiresAt: not null }]);
    }

    [Fact]
    public async Task WatchRoutes_pushes_an_emergency_also_while_nothing_is_announced()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        var client = sandbox.Client();
        using var watch = client.WatchRoutes(new ListRoutesRequest(), ApiSandbox.Call);
        await NextAsync(watch, answer => answer.Emergency is null);

        await client.EmergencyWithdrawAsync(new EmergencyWithdrawRequest { Reason = "leak" }, ApiSandbox.Call);
        await NextAsync(watch, answer => answer.Emergency?.Reason == "leak");
        await client.LiftEmergencyWithdrawAsync(new LiftEmergencyWithdrawRequest(), ApiSandbox.Call);
        await NextAsync(watch, answer => answer.Emergency is null);
    }

    [Theory]
    [InlineData("", 1, 0)]
    [InlineData(" \t", 1, 0)]
    [InlineData("256 characters", 1, 0)]
    [InlineData("leak", -1, 0)]
    [InlineData("leak", 60, 100)]
    [InlineData("leak", 1, -1)]
    public async Task An_emergency_withdraw_out_of_bounds_is_INVALID_ARGUMENT_and_withdraws_nothing(
        string reason, long seconds, int nanos)
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        var request = new EmergencyWithdrawRequest
        {
            Reason = reason == "256 characters" ? new string('a', 256) : reason,
            Wait = new Duration { Seconds = seconds, Nanos = nanos },
        };

        await AssertInvalidAsync(
            async () => await sandbox.Client().EmergencyWithdrawAsync(request, ApiSandbox.Call));

        Assert.Null(sandbox.Speaker.Speaker.Leases.Emergency);
    }

    [Fact]
    public async Task An_emergency_withdraw_reaches_the_peers_holds_and_is_lifted()
    {
        await using var sandbox = await ApiSandbox.StartAsync(
            TestSpeaker.Passive(Address), TestSpeaker.Passive(OtherAddress));
        var client = sandbox.Client();
        using var peer = await sandbox.Speaker.EstablishAsync(Address);
        using var lease = await sandbox.OpenAsync(ttl: new Duration { Seconds = 60 });
        var revision = await lease.DeclareAsync(VipIntent.Announce, Vip);
        await lease.WaitDeliveryAsync(revision, Address, DeliveryState.Acknowledged);

        var answer = await client.EmergencyWithdrawAsync(
            new EmergencyWithdrawRequest { Reason = "leak" }, ApiSandbox.Call);

        Assert.Equal(
            [DeliveryState.Acknowledged, DeliveryState.NoSession], answer.Peers.Select(delivery => delivery.State));
        Assert.Equal(0U, (await sandbox.PeerAsync(Address)).Session.AdvertisedIpv4);
        var refused = Assert.Single((await lease.AskAsync(VipIntent.Announce, Vip)).Refused);
        Assert.Equal(RefusalReason.Emergency, refused.Reason);
        Assert.Equal("leak", (await client.GetSpeakerAsync(new GetSpeakerRequest(), ApiSandbox.Call)).Emergency.Reason);
        Assert.Equal(RouteState.Withdrawn, (await sandbox.RouteAsync(Vip)).State);
        foreach (var wasInForce in new[] { true, false })
        {
            var lift = await client.LiftEmergencyWithdrawAsync(new LiftEmergencyWithdrawRequest(), ApiSandbox.Call);
            Assert.Equal(wasInForce, lift.Lifted);
        }
        await Poll.Until(
            () => sandbox.PeerAsync(Address), seen => seen.Session.AdvertisedIpv4 == 1, TestSpeaker.Bound, "it is up");
    }

    [Fact]
    public async Task An_emergency_withdraw_answers_after_its_wait_where_a_peer_takes_nothing()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        using var stuck = await sandbox.Speaker.EstablishAsync(Address, receiveBuffer: 4096);
        sandbox.Speaker.Announce(TestSpeaker.Prefixes(20_000));
        await WindowFiller.FillAsync(sandbox.Speaker, Address, stuck);

        var answer = await sandbox.Client().EmergencyWithdrawAsync(
            new EmergencyWithdrawRequest { Reason = "leak", Wait = new Duration() }, ApiSandbox.Call);

        Assert.Equal(DeliveryState.Pending, answer.Peers.Single().State);
    }

    [Fact]
    public async Task GetSpeaker_says_who_it_is_and_alarms_at_a_peer_with_the_same_identifier()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        var client = sandbox.Client();
        using var peer = await sandbox.Speaker.ConnectAsync(Address);
        await peer.SendOpenAsync(TestSpeaker.Open(identifier: TestSpeaker.RouterId));
        await peer.SendKeepAliveAsync();
        await sandbox.Speaker.WaitAsync(Address, BgpState.Established);

        var speaker = await client.GetSpeakerAsync(new GetSpeakerRequest(), ApiSandbox.Call);

        Assert.Equal(("node1", 65001U, "10.0.1.1"), (speaker.Node, speaker.Asn, speaker.RouterId));
        Assert.NotEqual("", speaker.Version);
        Assert.True(speaker.StartedAt.ToDateTimeOffset() <= TimeProvider.System.GetUtcNow());
        Assert.Equal(["203.0.0.0/16 ge 32 le 32"], speaker.AllowedPrefixes);
        Assert.Null(speaker.Emergency);
        Assert.Equal(0UL, speaker.RefusedConnections);
        Assert.Contains(Address, Assert.Single(speaker.Alarms), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListLeases_shows_each_client_and_when_its_lease_ends()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync("gate", epoch: 7, ttl: new Duration { Seconds = 60 });
        using var other = await sandbox.OpenAsync("other", ttl: new Duration { Seconds = 60 });
        await gate.AskAsync(VipIntent.Announce, Vip);
        await other.HalfCloseAsync();
        await other.AssertEndsWellAsync();

        var leases = (await sandbox.Client().ListLeasesAsync(new ListLeasesRequest(), ApiSandbox.Call)).Leases;

        Assert.Equal(["gate", "other"], leases.Select(lease => lease.ClientId));
        var (first, second) = (leases[0], leases[1]);
        Assert.Equal((7UL, true, 1UL, 1U), (first.Epoch, first.Connected, first.Revision, first.Vips));
        Assert.Equal(60, first.Ttl.Seconds);
        Assert.NotNull(first.LastHeartbeatAt);
        Assert.Null(first.ExpiresAt);
        Assert.False(second.Connected);
        Assert.NotNull(second.ExpiresAt);
    }

    private static async Task<T> NextAsync<T>(AsyncServerStreamingCall<T> watch, Func<T, bool> isAwaited)
    {
        while (await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
            if (isAwaited(watch.ResponseStream.Current))
                return watch.ResponseStream.Current;
        }
        throw new InvalidOperationException("the stream has ended before");
    }

    private static async Task AssertInvalidAsync(Func<Task> call) =>
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);
}

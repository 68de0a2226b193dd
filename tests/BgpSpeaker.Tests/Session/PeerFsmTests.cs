using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

public sealed class PeerFsmTests
{
    private static readonly OpenMessage OurOpen = Negotiation.BuildOpen(Settings);

    [Fact]
    public void Peer_waits_for_its_start()
    {
        var peer = new PeerDriver();

        Assert.Equal(BgpState.Idle, peer.State.BgpState);
        Assert.Null(PeerFsm.NextDeadline(peer.State));
        AssertActions(peer.Take(new TimersDue()));
    }

    [Fact]
    public void Start_dials_at_once_and_a_second_start_does_nothing()
    {
        var peer = new PeerDriver();

        AssertActions(
            peer.Take(new ManualStart()), new Dial(new(1)),
            new StateChanged(BgpState.Idle, BgpState.Connect, "administratively up"));
        AssertActions(peer.Take(new ManualStart()));
    }

    [Fact]
    public void Dialled_session_comes_up_step_by_step()
    {
        var peer = new PeerDriver().Started();
        var id = peer.LastDial;

        AssertActions(
            peer.Take(new Tcp_CR_Acked(id)), new SendOpen(id, OurOpen),
            new StateChanged(BgpState.Connect, BgpState.OpenSent, "connected to the peer"));
        AssertActions(
            peer.Take(new BgpOpen(id, PeerOpen())), new SendKeepalive(id),
            new StateChanged(BgpState.OpenSent, BgpState.OpenConfirm, "OPEN accepted"));
        peer.Now = Seconds(0.5);
        AssertActions(
            peer.Take(new KeepAliveMsg(id)), new SessionUp(id, Negotiated(Settings, PeerOpen())),
            new StateChanged(BgpState.OpenConfirm, BgpState.Established, "session established"));
        Assert.Equal(Seconds(0.5), peer.State.Since);
        Assert.Equal(id, peer.State.Established?.Connection);
        Assert.Null(peer.State.NextRetryAt);
    }

    [Fact]
    public void Accepted_session_comes_up_and_ends_the_dial()
    {
        var peer = new PeerDriver().Started();
        var id = peer.NewIncoming();

        AssertActions(
            peer.Take(new TcpConnectionConfirmed(id)), new SendOpen(id, OurOpen),
            new StateChanged(BgpState.Connect, BgpState.OpenSent, "the peer connected"));
        AssertActions(
            peer.Take(new BgpOpen(id, PeerOpen())), new SendKeepalive(id),
            new StateChanged(BgpState.OpenSent, BgpState.OpenConfirm, "OPEN accepted"));
        AssertActions(
            peer.Take(new KeepAliveMsg(id)), new SessionUp(id, Negotiated(Settings, PeerOpen())),
            new CloseConnection(new(1), Flush: false),
            new StateChanged(BgpState.OpenConfirm, BgpState.Established, "session established"));
        AssertActions(peer.Take(new Tcp_CR_Acked(new(1))));
    }

    [Fact]
    public void Passive_peer_never_dials_and_accepts_as_soon_as_it_is_started()
    {
        var peer = new PeerDriver(Settings with { Passive = true });

        AssertActions(
            peer.Take(new ManualStart()), new StateChanged(BgpState.Idle, BgpState.Active, "administratively up"));
        var id = peer.Establish(peer.Accept());
        AssertActions(
            peer.Take(new TcpConnectionFails(id, "peer closed the connection")),
            new SessionDown(id, "peer closed the connection"), new CloseConnection(id, Flush: false),
            new StateChanged(BgpState.Established, BgpState.Active, "peer closed the connection"));
        Assert.Null(PeerFsm.NextDeadline(peer.State));
        AssertActions(peer.Take(new ManualReset("")));
    }

    [Fact]
    public void Refused_dial_is_retried_after_a_wait()
    {
        var peer = new PeerDriver().Started();

        AssertActions(
            peer.Take(new TcpConnectionFails(new(1), "connection refused")),
            new CloseConnection(new(1), Flush: false),
            new StateChanged(BgpState.Connect, BgpState.Active, "connection refused"));
        AssertWithin(peer.State.NextRetryAt, Seconds(0.75), Seconds(1));
        Assert.Equal("connection refused", peer.State.DownReason);
        AssertActions(
            peer.TakeDeadline(), new Dial(new(2)), new StateChanged(BgpState.Active, BgpState.Connect, "dialling"));
        Assert.Null(peer.State.NextRetryAt);
    }

    [Fact]
    public void Unanswered_dial_is_given_up_after_the_connect_timeout()
    {
        var peer = new PeerDriver().Started();

        AssertActions(
            peer.TakeDeadline(), new CloseConnection(new(1), Flush: false),
            new StateChanged(BgpState.Connect, BgpState.Active, Reasons.NoAnswer(Settings)));
        Assert.Equal(Seconds(5), peer.Now);
        Assert.Equal("no answer within 5 s", peer.State.DownReason);
        AssertWithin(peer.State.NextRetryAt, Seconds(5.75), Seconds(6));
    }

    [Fact]
    public void Waits_double_up_to_the_longest_and_are_jittered()
    {
        var peer = new PeerDriver().Started();
        foreach (var wait in new[] { 1, 2, 4, 5, 5 })
        {
            peer.Take(new TcpConnectionFails(peer.LastDial, "connection refused"));
            AssertWithin(peer.State.NextRetryAt - peer.Now, Seconds(0.75 * wait), Seconds(wait));
            peer.TakeDeadline();
        }
    }

    [Fact]
    public void Fault_16_our_identifier_inside_our_AS_is_refused_with_growing_waits()
    {
        var peer = new PeerDriver(Settings with { PeerAs = 65001 }).Started();
        foreach (var wait in new[] { 1, 2, 4, 5, 5 })
        {
            var id = peer.Connect();
            var open = PeerOpen(identifier: OurIdentifier, peerAs: 65001);

            Assert.Contains(
                new SendNotification(id, Error(ErrorCode.OpenMessage, OpenMessageError.BadBgpIdentifier)),
                peer.Take(new BgpOpen(id, open)));
            AssertWithin(peer.State.NextRetryAt - peer.Now, Seconds(0.75 * wait), Seconds(wait));
            peer.TakeDeadline();
        }
    }

    [Fact]
    public void Two_peers_with_different_seeds_wait_differently()
    {
        var waits = Enumerable.Range(1, 10).Select(seed =>
        {
            var peer = new PeerDriver(Settings, (ulong)seed).Started();
            peer.Take(new TcpConnectionFails(peer.LastDial, "connection refused"));
            return peer.State.NextRetryAt;
        });

        Assert.Equal(10, waits.Distinct().Count());
    }

    [Theory]
    [InlineData(29, 5)]
    [InlineData(30, 1)]
    public void Waits_start_over_only_after_a_session_that_lasted(int lasted, int wait)
    {
        var peer = new PeerDriver(Settings with { HoldTime = TimeSpan.Zero }).Started();
        for (var i = 0; i < 3; i++)
        {
            peer.Take(new TcpConnectionFails(peer.LastDial, "connection refused"));
            peer.TakeDeadline();
        }
        var id = peer.Establish(peer.Connect());
        peer.Now += Seconds(lasted);

        peer.Take(new TcpConnectionFails(id, "peer closed the connection"));

        AssertWithin(peer.State.NextRetryAt - peer.Now, Seconds(0.75 * wait), Seconds(wait));
        Assert.Equal(1, peer.State.Flaps);
    }

    // FAULTS 18
    [Theory]
    [InlineData(CeaseError.MaximumNumberOfPrefixesReached, 30)]
    [InlineData(CeaseError.AdministrativeShutdown, 30)]
    [InlineData(CeaseError.PeerDeconfigured, 30)]
    [InlineData(CeaseError.OutOfResources, 30)]
    [InlineData(CeaseError.AdministrativeReset, 1)]
    [InlineData(CeaseError.ConnectionRejected, 1)]
    [InlineData(CeaseError.ConnectionCollisionResolution, 1)]
    public void Cease_that_ends_the_session_for_long_makes_the_next_wait_the_longest(byte subcode, int wait)
    {
        var peer = new PeerDriver().Started();
        var id = peer.Establish(peer.Connect());
        var reason = Reasons.Received(Cease(subcode));

        AssertActions(
            peer.Take(new NotifMsg(id, Cease(subcode))), new SessionDown(id, reason),
            new CloseConnection(id, Flush: false), new StateChanged(BgpState.Established, BgpState.Active, reason));
        AssertWithin(peer.State.NextRetryAt, Seconds(0.75 * wait), Seconds(wait));
        Assert.Equal(new NotificationRecord(Cease(subcode), TimeSpan.Zero), peer.State.LastReceived);
        Assert.Equal(reason, peer.State.DownReason);
    }

    [Fact]
    public void Other_waits_leave_the_session_and_count_from_the_next_failure()
    {
        var peer = new PeerDriver().Started();
        var id = peer.Establish(peer.Connect());
        var other = Settings with { RetryMinimum = Seconds(20), RetryMaximum = Seconds(20), HoldTime = Seconds(6) };

        peer.State = PeerFsm.WithWaitsOf(peer.State, other);

        Assert.Equal(id, peer.State.Established?.Connection);
        Assert.Equal(Settings.HoldTime, peer.State.Settings.HoldTime);
        Assert.Equal(peer.State.Settings, peer.State.Established!.Settings);
        peer.Take(new TcpConnectionFails(id, "gone"));
        AssertWithin(peer.State.NextRetryAt, Seconds(15), Seconds(20));
    }

    [Fact]
    public void Reasons_are_one_line_in_words()
    {
        var peer = new PeerDriver().Started();
        peer.Take(new NotifMsg(
            peer.Connect(), Cease(CeaseError.AdministrativeShutdown, [14, .. "kernel upgrade"u8])));
        Assert.Equal("received Cease/Administrative Shutdown: kernel upgrade", peer.State.DownReason);

        peer.TakeDeadline();
        peer.Take(new MessageError(peer.Connect(), Error(ErrorCode.MessageHeader, 3, 9)));
        Assert.Equal("sent Message Header Error/Bad Message Type: 09", peer.State.DownReason);

        peer.Take(new ManualStop("one\ntwo"));
        Assert.Equal("administratively down: one\\x0atwo", peer.State.DownReason);
    }

    [Fact]
    public void Peers_connection_is_accepted_while_we_wait_after_a_failure()
    {
        var peer = new PeerDriver().Started();
        peer.Take(new NotifMsg(peer.Connect(), Cease(CeaseError.AdministrativeShutdown)));

        peer.Establish(peer.Accept());

        Assert.Null(peer.State.NextRetryAt);
    }

    [Fact]
    public void Connection_to_a_peer_that_is_down_is_closed_without_a_word()
    {
        var peer = new PeerDriver();
        var id = peer.NewIncoming();

        AssertActions(
            peer.Take(new TcpConnectionConfirmed(id)),
            new CloseConnection(id, Flush: false));
        AssertActions(peer.Take(new BgpOpen(id, PeerOpen())));
        Assert.Equal(BgpState.Idle, peer.State.BgpState);
    }

    [Fact]
    public void Half_open_session_blocks_the_peers_new_connection_only_until_its_hold_time_is_over()
    {
        var peer = new PeerDriver().Started();
        var old = peer.Establish(peer.Connect());
        peer.Now = Seconds(2);
        var refused = peer.NewIncoming();

        AssertActions(
            peer.Take(new TcpConnectionConfirmed(refused)),
            new SendNotification(refused, Cease(CeaseError.ConnectionCollisionResolution)),
            new CloseConnection(refused, Flush: true));
        Assert.Equal(old, peer.State.Established?.Connection);

        peer.Now = Seconds(9);
        var expired = Error(ErrorCode.HoldTimerExpired, 0);
        const string Reason = "hold timer expired after 9 s in Established";
        AssertActions(
            peer.Take(new TimersDue()), new SessionDown(old, Reason), new SendNotification(old, expired),
            new CloseConnection(old, Flush: true),
            new StateChanged(BgpState.Established, BgpState.Active, Reason));
        Assert.Equal(new NotificationRecord(expired, Seconds(9)), peer.State.LastSent);
        peer.Establish(peer.Accept());
    }

    [Fact]
    public void Peers_second_connection_replaces_one_that_is_not_Established()
    {
        var peer = new PeerDriver(Settings with { Passive = true }).Started();
        var old = peer.Accept();
        peer.Take(new BgpOpen(old, PeerOpen()));
        var fresh = peer.NewIncoming();

        AssertActions(
            peer.Take(new TcpConnectionConfirmed(fresh)),
            new SendNotification(old, Cease(CeaseError.ConnectionCollisionResolution)),
            new CloseConnection(old, Flush: true), new SendOpen(fresh, OurOpen),
            new StateChanged(BgpState.OpenConfirm, BgpState.OpenSent, "the peer connected"));
    }

    [Fact]
    public void Silent_incoming_connection_does_not_keep_us_from_dialling()
    {
        var peer = new PeerDriver().Started();
        peer.Accept();
        peer.Take(new TcpConnectionFails(new(1), "connection refused"));

        AssertActions(peer.TakeDeadline(), new Dial(new(2)));
        Assert.Equal(BgpState.OpenSent, peer.State.BgpState);
    }

    [Fact]
    public void Stop_tells_the_peer_why_on_every_connection_and_gives_up_the_dial()
    {
        var text = Cease(CeaseError.AdministrativeShutdown, [7, .. "upgrade"u8]);
        var peer = new PeerDriver().Started();
        var incoming = peer.Accept();

        AssertActions(
            peer.Take(new ManualStop("upgrade")), new CloseConnection(new(1), Flush: false),
            new SendNotification(incoming, text), new CloseConnection(incoming, Flush: true),
            new StateChanged(BgpState.OpenSent, BgpState.Idle, "administratively down: upgrade"));
        Assert.Equal("administratively down: upgrade", peer.State.DownReason);
        Assert.Null(PeerFsm.NextDeadline(peer.State));
        AssertActions(peer.Take(new ManualStop("again")));
        AssertActions(peer.Take(new ManualReset("again")));
        AssertActions(peer.Take(new AutomaticStop(text)));
    }

    [Fact]
    public void Stop_ends_an_established_session_and_the_next_start_waits_for_nothing()
    {
        var peer = new PeerDriver().Started();
        var id = peer.Establish(peer.Connect());

        AssertActions(
            peer.Take(new ManualStop("")), new SessionDown(id, "administratively down"),
            new SendNotification(id, Cease(CeaseError.AdministrativeShutdown)), new CloseConnection(id, Flush: true),
            new StateChanged(BgpState.Established, BgpState.Idle, "administratively down"));
        AssertActions(
            peer.Take(new ManualStart()), new Dial(new(2)),
            new StateChanged(BgpState.Idle, BgpState.Connect, "administratively up"));
        peer.Take(new TcpConnectionFails(new(2), "connection refused"));
        AssertWithin(peer.State.NextRetryAt, Seconds(0.75), Seconds(1));
    }

    [Fact]
    public void Reset_ends_the_session_with_6_4_and_dials_at_once()
    {
        var peer = new PeerDriver().Started();
        var id = peer.Establish(peer.Connect());

        AssertActions(
            peer.Take(new ManualReset("fresh")), new SessionDown(id, "reset by the operator: fresh"),
            new SendNotification(id, Cease(CeaseError.AdministrativeReset, [5, .. "fresh"u8])),
            new CloseConnection(id, Flush: true), new Dial(new(2)),
            new StateChanged(BgpState.Established, BgpState.Connect, "reset by the operator: fresh"));
    }

    [Fact]
    public void A_peer_that_moved_is_dialled_at_once_and_the_old_session_ends_with_6_6()
    {
        var peer = new PeerDriver().Started();
        var id = peer.Establish(peer.Connect());

        AssertActions(
            peer.Take(new PeerMoved("found at fe80::2 on eth1")),
            new SessionDown(id, Reasons.Sent(Cease(CeaseError.OtherConfigurationChange))),
            new SendNotification(id, Cease(CeaseError.OtherConfigurationChange)),
            new CloseConnection(id, Flush: true), new Dial(new(2)),
            new StateChanged(BgpState.Established, BgpState.Connect, "found at fe80::2 on eth1"));
    }

    [Fact]
    public void A_peer_that_is_taken_down_is_not_dialled_when_it_moves()
    {
        var peer = new PeerDriver().Started();
        peer.Take(new ManualStop(""));

        AssertActions(peer.Take(new PeerMoved("found at fe80::2 on eth1")));
    }

    [Fact]
    public void Reset_while_waiting_dials_at_once()
    {
        var peer = new PeerDriver().Started();
        peer.Take(new TcpConnectionFails(new(1), "connection refused"));

        AssertActions(
            peer.Take(new ManualReset("")), new Dial(new(2)),
            new StateChanged(BgpState.Active, BgpState.Connect, "reset by the operator"));
    }

    [Theory]
    [InlineData(CeaseError.BfdDown, 1)]
    [InlineData(CeaseError.MaximumNumberOfPrefixesReached, 30)]
    public void Automatic_stop_ends_the_session_and_retries_after_a_wait(byte subcode, int wait)
    {
        var peer = new PeerDriver().Started();
        var id = peer.Establish(peer.Connect());
        var reason = Reasons.Sent(Cease(subcode));

        AssertActions(
            peer.Take(new AutomaticStop(Cease(subcode))), new SessionDown(id, reason),
            new SendNotification(id, Cease(subcode)), new CloseConnection(id, Flush: true),
            new StateChanged(BgpState.Established, BgpState.Active, reason));
        AssertWithin(peer.State.NextRetryAt, Seconds(0.75 * wait), Seconds(wait));
    }

    [Theory]
    [InlineData(CeaseError.BfdDown, false)]
    [InlineData(CeaseError.MaximumNumberOfPrefixesReached, true)]
    public void After_an_automatic_stop_for_long_the_peer_is_refused_for_the_same_time(byte subcode, bool refused)
    {
        var peer = new PeerDriver(Settings with { Passive = true }).Started();
        peer.Establish(peer.Accept());
        peer.Take(new AutomaticStop(Cease(subcode)));
        peer.Now = Seconds(29.9);

        var early = peer.NewIncoming();
        var actions = peer.Take(new TcpConnectionConfirmed(early));

        if (refused)
            AssertActions(actions, new CloseConnection(early, Flush: false));
        else
            Assert.Contains(new SendOpen(early, OurOpen), actions);
        peer.Now = Seconds(30);
        var late = peer.NewIncoming();
        Assert.Contains(new SendOpen(late, OurOpen), peer.Take(new TcpConnectionConfirmed(late)));
    }

    [Fact]
    public void An_operator_s_reset_ends_the_refusal()
    {
        var peer = new PeerDriver(Settings with { Passive = true }).Started();
        peer.Establish(peer.Accept());
        peer.Take(new AutomaticStop(Cease(CeaseError.MaximumNumberOfPrefixesReached)));

        peer.Take(new ManualReset(""));

        var id = peer.NewIncoming();
        Assert.Contains(new SendOpen(id, OurOpen), peer.Take(new TcpConnectionConfirmed(id)));
    }

    [Fact]
    public void Automatic_stop_leaves_a_peer_that_waits_as_it_is()
    {
        var peer = new PeerDriver().Started();
        peer.Take(new TcpConnectionFails(new(1), "connection refused"));
        var before = peer.State;

        AssertActions(peer.Take(new AutomaticStop(Cease(CeaseError.BfdDown))));

        Assert.Equal(before, peer.State);
    }

    [Fact]
    public void Events_of_a_connection_that_is_let_go_change_nothing()
    {
        var peer = new PeerDriver().Started();
        var id = peer.Connect();
        peer.Take(new NotifMsg(id, Cease(CeaseError.ConnectionRejected)));
        var before = peer.State;
        peer.Now = Seconds(0.1);

        PeerEvent[] late =
        [
            new Tcp_CR_Acked(id), new TcpConnectionFails(id, "reset"), new BgpOpen(id, PeerOpen()),
            new MessageError(id, Cease(2)), new NotifMsg(id, Cease(2)), new KeepAliveMsg(id), new UpdateMsg(id),
            new RouteRefreshMsg(id), new BytesWritten(id), new UpdateSent(id),
        ];
        foreach (var happened in late)
        {
            AssertActions(peer.Take(happened));
            Assert.Same(before, peer.State);
        }
    }

    [Fact]
    public void Refused_open_is_explained_and_retried()
    {
        var peer = new PeerDriver().Started();
        var id = peer.Connect();
        const string Reason = "the peer claims AS 65101, AS 65100 is configured";

        AssertActions(
            peer.Take(new BgpOpen(id, PeerOpen(peerAs: 65101))),
            new SendNotification(id, Error(ErrorCode.OpenMessage, OpenMessageError.BadPeerAs)),
            new CloseConnection(id, Flush: true), new StateChanged(BgpState.OpenSent, BgpState.Active, Reason));
        Assert.Equal(Reason, peer.State.DownReason);
        Assert.Equal(0, peer.State.Flaps);
    }
}

using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

public sealed class ConnectionFsmTests
{
    private static readonly ConnectionId Id = new(1);

    [Fact]
    public void New_connection_sends_open_and_waits_with_the_large_hold_time()
    {
        var (state, actions) = ConnectionFsm.Open(Id, Settings, Jitter, Seconds(10));

        Assert.Equal(new OpenSent(Id, Settings, Jitter, Seconds(250)), state);
        AssertActions(actions, new SendOpen(Id, Negotiation.BuildOpen(Settings)));
    }

    [Fact]
    public void Open_in_OpenSent_is_answered_by_keepalive_and_starts_the_negotiated_timers()
    {
        var (state, actions) = ConnectionFsm.Next(InOpenSent(), new BgpOpen(Id, PeerOpen(holdTime: 6)), Seconds(1));

        var confirm = Assert.IsType<OpenConfirm>(state);
        Assert.Equal(Seconds(7), confirm.HoldTimer);
        AssertWithin(confirm.KeepaliveTimer, Seconds(2.5), Seconds(3));
        AssertActions(actions, new SendKeepalive(Id));
    }

    [Fact]
    public void Unacceptable_open_is_refused_and_the_connection_closed()
    {
        var (state, actions) = ConnectionFsm.Next(InOpenSent(), new BgpOpen(Id, PeerOpen(holdTime: 2)), Seconds(1));

        var notification = Error(ErrorCode.OpenMessage, 6);
        Assert.Equal(
            new Closed(Id, Settings, Jitter, "the peer proposes a hold time of 2 s", notification), state);
        AssertActions(actions, new SendNotification(Id, notification), new CloseConnection(Id, Flush: true));
    }

    [Fact]
    public void Silence_in_OpenSent_ends_with_4_0_after_four_minutes()
    {
        AssertUnchanged(InOpenSent(), new TimersDue(), Seconds(239));
        AssertEnds(
            InOpenSent(), new TimersDue(), Seconds(240), Error(ErrorCode.HoldTimerExpired, 0),
            "hold timer expired after 240 s in OpenSent");
    }

    [Fact]
    public void Silence_in_OpenConfirm_ends_with_4_0_after_the_negotiated_hold_time() =>
        AssertEnds(
            InOpenConfirm(), new TimersDue(), Seconds(9), Error(ErrorCode.HoldTimerExpired, 0),
            "hold timer expired after 9 s in OpenConfirm");

    [Fact]
    public void Silence_in_Established_ends_with_4_0_after_the_negotiated_hold_time() =>
        AssertEnds(
            InEstablished(), new TimersDue(), Seconds(9), Error(ErrorCode.HoldTimerExpired, 0),
            "hold timer expired after 9 s in Established");

    [Fact]
    public void Keepalive_in_OpenConfirm_establishes_the_session()
    {
        var (state, actions) = ConnectionFsm.Next(InOpenConfirm(), new KeepAliveMsg(Id), Seconds(1));

        var confirm = InOpenConfirm();
        Assert.Equal(
            new Established(
                Id, Settings, confirm.Jitter, confirm.Session, Since: Seconds(1), HoldTimer: Seconds(10),
                confirm.KeepaliveTimer, SendHoldTimer: Seconds(481)),
            state);
        AssertActions(actions, new SessionUp(Id, confirm.Session));
    }

    [Fact]
    public void Keepalive_timer_sends_and_restarts_in_OpenConfirm_and_Established()
    {
        foreach (var before in new ConnectionState[] { InOpenConfirm(), InEstablished() })
        {
            var (after, actions) = ConnectionFsm.Next(before, new TimersDue(), Seconds(3));

            AssertActions(actions, new SendKeepalive(Id));
            Assert.Equal(before.BgpState, after.BgpState);
            AssertWithin(after.NextDeadline, Seconds(5.25), Seconds(6));
        }
    }

    [Fact]
    public void Keepalives_are_jittered_between_three_quarters_and_the_whole_of_a_third()
    {
        ConnectionState state = InEstablished() with { HoldTimer = Seconds(1_000_000), SendHoldTimer = null };
        var intervals = new List<double>();
        var last = Assert.NotNull(state.NextDeadline);
        for (var i = 0; i < 1000; i++)
        {
            (state, _) = ConnectionFsm.Next(state, new TimersDue(), last);
            var next = Assert.NotNull(state.NextDeadline);
            intervals.Add((next - last).TotalSeconds);
            last = next;
        }

        Assert.InRange(intervals.Min(), 2.25, 2.3);
        Assert.InRange(intervals.Max(), 2.95, 3);
    }

    [Fact]
    public void Keepalives_come_never_more_often_than_once_a_second()
    {
        var confirm = InOpenConfirm(Settings with { HoldTime = Seconds(3) });

        Assert.Equal(Seconds(1), confirm.KeepaliveTimer);
    }

    [Theory]
    [MemberData(nameof(Restarting))]
    public void Keepalive_and_update_restart_the_hold_timer_from_their_arrival(PeerEvent message)
    {
        var (state, actions) = ConnectionFsm.Next(InEstablished(), message, Seconds(8.5));

        Assert.Equal(InEstablished() with { HoldTimer = Seconds(17.5) }, state);
        AssertActions(actions);
    }

    public static TheoryData<PeerEvent> Restarting => [new KeepAliveMsg(Id), new UpdateMsg(Id)];

    [Fact]
    public void Route_refresh_in_Established_changes_nothing() =>
        AssertUnchanged(InEstablished(), new RouteRefreshMsg(Id), Seconds(5));

    [Fact]
    public void Update_sent_restarts_the_keepalive_timer()
    {
        var (state, actions) = ConnectionFsm.Next(InEstablished(), new UpdateSent(Id), Seconds(2));

        AssertWithin(Assert.IsType<Established>(state).KeepaliveTimer, Seconds(4.25), Seconds(5));
        AssertActions(actions);
    }

    [Fact]
    public void Written_octets_restart_the_send_hold_timer()
    {
        var (state, actions) = ConnectionFsm.Next(InEstablished(), new BytesWritten(Id), Seconds(2));

        Assert.Equal(InEstablished() with { SendHoldTimer = Seconds(482) }, state);
        AssertActions(actions);
    }

    [Fact]
    public void Peer_that_takes_nothing_is_left_with_8_0_though_it_still_sends()
    {
        var state = InEstablished() with { HoldTimer = Seconds(489) };

        AssertEnds(
            state, new TimersDue(), Seconds(480), Error(ErrorCode.SendHoldTimerExpired, 0),
            "send hold timer expired: the peer took nothing for 480 s");
    }

    [Theory]
    [InlineData(9, null, 480.0)]
    [InlineData(90, null, 480.0)]
    [InlineData(300, null, 600.0)]
    [InlineData(9, 20.0, 20.0)]
    [InlineData(9, 0.0, null)]
    [InlineData(0, null, null)]
    [InlineData(0, 20.0, null)]
    public void Send_hold_time_is_eight_minutes_or_twice_the_hold_time_unless_set(
        int hold, double? configured, double? expected)
    {
        var settings = Settings with
        {
            HoldTime = Seconds(hold),
            SendHoldTime = configured is { } seconds ? Seconds(seconds) : null,
        };

        TimeSpan? deadline = expected is { } after ? Seconds(after) : null;
        Assert.Equal(deadline, InEstablished(settings).SendHoldTimer);
    }

    [Fact]
    public void Hold_time_zero_runs_no_timer_in_Established_and_sends_no_keepalive()
    {
        var state = InEstablished(Settings with { HoldTime = TimeSpan.Zero });

        Assert.Null(state.NextDeadline);
        AssertUnchanged(state, new TimersDue(), Seconds(100_000));
        AssertUnchanged(state, new KeepAliveMsg(Id), Seconds(100_000));
        var (sent, _) = ConnectionFsm.Next(state, new UpdateSent(Id), Seconds(1));
        Assert.Null(sent.NextDeadline);
    }

    [Fact]
    public void Hold_time_zero_does_not_wait_for_ever_in_OpenConfirm()
    {
        var state = InOpenConfirm(Settings with { HoldTime = TimeSpan.Zero });

        Assert.Equal(Seconds(240), state.NextDeadline);
        AssertEnds(
            state, new TimersDue(), Seconds(240), Error(ErrorCode.HoldTimerExpired, 0),
            "hold timer expired after 240 s in OpenConfirm");
    }

    [Theory]
    [MemberData(nameof(UnexpectedMessages))]
    public void Unexpected_message_ends_with_an_fsm_error_that_names_its_type(
        BgpState state, PeerEvent message, byte subcode, byte type, string reason) =>
        AssertEnds(In(state), message, Seconds(1), Error(ErrorCode.FiniteStateMachine, subcode, type), reason);

    public static TheoryData<BgpState, PeerEvent, byte, byte, string> UnexpectedMessages => new()
    {
        { BgpState.OpenSent, new KeepAliveMsg(Id), 1, 4, "unexpected KEEPALIVE in OpenSent" },
        { BgpState.OpenSent, new UpdateMsg(Id), 1, 2, "unexpected UPDATE in OpenSent" },
        { BgpState.OpenSent, new RouteRefreshMsg(Id), 1, 5, "unexpected ROUTE-REFRESH in OpenSent" },
        { BgpState.OpenConfirm, new BgpOpen(Id, PeerOpen()), 2, 1, "unexpected OPEN in OpenConfirm" },
        { BgpState.OpenConfirm, new UpdateMsg(Id), 2, 2, "unexpected UPDATE in OpenConfirm" },
        { BgpState.OpenConfirm, new RouteRefreshMsg(Id), 2, 5, "unexpected ROUTE-REFRESH in OpenConfirm" },
        { BgpState.Established, new BgpOpen(Id, PeerOpen()), 3, 1, "unexpected OPEN in Established" },
    };

    [Theory]
    [InlineData(BgpState.OpenSent)]
    [InlineData(BgpState.OpenConfirm)]
    [InlineData(BgpState.Established)]
    public void Malformed_message_is_answered_with_its_notification(BgpState state)
    {
        var notification = Error(ErrorCode.MessageHeader, 2, 0, 18);

        AssertEnds(In(state), new MessageError(Id, notification), Seconds(1), notification, Reasons.Sent(notification));
    }

    [Theory]
    [InlineData(BgpState.OpenSent)]
    [InlineData(BgpState.OpenConfirm)]
    [InlineData(BgpState.Established)]
    public void Notification_is_never_answered(BgpState state)
    {
        var notification = Cease(CeaseError.HardReset, 6, 2);

        AssertDrops(
            In(state), new NotifMsg(Id, notification), notification, Reasons.Received(notification));
    }

    [Theory]
    [InlineData(BgpState.OpenSent)]
    [InlineData(BgpState.OpenConfirm)]
    [InlineData(BgpState.Established)]
    public void Lost_connection_is_closed_without_a_word(BgpState state) =>
        AssertDrops(
            In(state), new TcpConnectionFails(Id, "peer closed the connection"), notification: null,
            "peer closed the connection");

    [Theory]
    [InlineData(BgpState.OpenSent)]
    [InlineData(BgpState.OpenConfirm)]
    [InlineData(BgpState.Established)]
    public void Operator_stop_and_reset_carry_their_text(BgpState state)
    {
        AssertEnds(
            In(state), new ManualStop("new ToR"), Seconds(1), Cease(2, [7, .. "new ToR"u8]),
            "administratively down: new ToR");
        AssertEnds(In(state), new ManualStop(""), Seconds(1), Cease(2), "administratively down");
        AssertEnds(In(state), new ManualReset("hi"), Seconds(1), Cease(4, 2, 104, 105), "reset by the operator: hi");
    }

    [Theory]
    [InlineData(BgpState.OpenSent)]
    [InlineData(BgpState.OpenConfirm)]
    [InlineData(BgpState.Established)]
    public void Automatic_stop_sends_the_notification_that_it_is_given(BgpState state)
    {
        var notification = Cease(CeaseError.BfdDown);

        AssertEnds(In(state), new AutomaticStop(notification), Seconds(1), notification, Reasons.Sent(notification));
    }

    [Fact]
    public void Closed_connection_takes_nothing_any_more() =>
        AssertUnchanged(
            new Closed(Id, Settings, Jitter, "over", null), new MessageError(Id, Cease(2)), Seconds(1));

    [Theory]
    [InlineData('a', 300, 255)]
    [InlineData('é', 200, 254)]
    public void Shutdown_text_is_cut_at_255_octets_in_front_of_a_whole_character(char letter, int count, byte octets)
    {
        var data = BgpSpeaker.Session.Cease.AdministrativeShutdown(new string(letter, count)).Data;

        Assert.Equal(1 + octets, data.Count);
        Assert.Equal(octets, data[0]);
    }

    private static ConnectionState In(BgpState state) => state switch
    {
        BgpState.OpenSent => InOpenSent(),
        BgpState.OpenConfirm => InOpenConfirm(),
        _ => InEstablished(),
    };

    private static ConnectionState InOpenSent(PeerSettings? settings = null) =>
        ConnectionFsm.Open(Id, settings ?? Settings, Jitter, TimeSpan.Zero).State;

    private static OpenConfirm InOpenConfirm(PeerSettings? settings = null) =>
        Assert.IsType<OpenConfirm>(
            ConnectionFsm.Next(InOpenSent(settings), new BgpOpen(Id, PeerOpen(holdTime: 600)), TimeSpan.Zero).State);

    private static Established InEstablished(PeerSettings? settings = null) =>
        Assert.IsType<Established>(
            ConnectionFsm.Next(InOpenConfirm(settings), new KeepAliveMsg(Id), TimeSpan.Zero).State);

    private static void AssertUnchanged(ConnectionState state, PeerEvent happened, TimeSpan now)
    {
        var (next, actions) = ConnectionFsm.Next(state, happened, now);

        Assert.Equal(state, next);
        AssertActions(actions);
    }

    private static void AssertEnds(
        ConnectionState state, PeerEvent happened, TimeSpan now, Notification notification, string reason) =>
        AssertCloses(
            state, happened, now, notification, reason, new SendNotification(Id, notification),
            new CloseConnection(Id, Flush: true));

    private static void AssertDrops(
        ConnectionState state, PeerEvent happened, Notification? notification, string reason) =>
        AssertCloses(state, happened, Seconds(1), notification, reason, new CloseConnection(Id, Flush: false));

    private static void AssertCloses(
        ConnectionState state, PeerEvent happened, TimeSpan now, Notification? notification, string reason,
        params PeerAction[] closing)
    {
        var (next, actions) = ConnectionFsm.Next(state, happened, now);

        Assert.Equal(new Closed(Id, state.Settings, state.Jitter, reason, notification), next);
        AssertActions(actions, state is Established ? [new SessionDown(Id, reason), .. closing] : closing);
    }
}

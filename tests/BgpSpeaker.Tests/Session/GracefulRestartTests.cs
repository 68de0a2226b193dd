using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

/// <summary>RFC 4724 and RFC 8538 in the session machines.</summary>
public sealed class GracefulRestartTests
{
    private static readonly PeerSettings Offering = Settings with { RestartTime = Seconds(15) };

    private static readonly GracefulRestartCapability Theirs = new(false, true, 120, []);

    private static readonly Notification Shutdown = Cease(CeaseError.AdministrativeShutdown);

    [Fact]
    public void Nothing_is_offered_unless_the_peer_is_configured_for_it()
    {
        Assert.DoesNotContain(
            Negotiation.BuildOpen(Settings).Capabilities, capability => capability is GracefulRestartCapability);
        Assert.False(Negotiated(Settings, PeerOpen(more: Theirs)).GracefulRestart);
    }

    [Theory]
    [InlineData(RestartState.None, false, false)]
    [InlineData(RestartState.SessionLost, false, true)]
    [InlineData(RestartState.Restarted, true, true)]
    public void The_offer_carries_N_the_restart_time_and_R_and_F_as_the_start_has_it(
        RestartState state, bool r, bool f)
    {
        var offered = Negotiation.BuildOpen(Offering with { RestartState = state }).Capabilities;

        Assert.Contains(
            new GracefulRestartCapability(
                r, GracefulNotification: true, 15, [new(Family.IPv4Unicast, f), new(Family.IPv6Unicast, f)]),
            offered);
    }

    [Fact]
    public void It_is_negotiated_when_both_offer_it_and_N_when_both_set_it()
    {
        var (none, plain, both) = (
            Negotiated(Offering, PeerOpen()),
            Negotiated(Offering, PeerOpen(more: Theirs with { GracefulNotification = false })),
            Negotiated(Offering, PeerOpen(more: Theirs)));

        Assert.Equal((false, false), (none.GracefulRestart, none.GracefulNotification));
        Assert.Equal((true, false), (plain.GracefulRestart, plain.GracefulNotification));
        Assert.Equal((true, true), (both.GracefulRestart, both.GracefulNotification));
    }

    [Fact]
    public void Of_several_capabilities_the_last_one_counts()
    {
        var session = Negotiated(Offering, PeerOpen(more: [Theirs, Theirs with { GracefulNotification = false }]));

        Assert.Equal((true, false), (session.GracefulRestart, session.GracefulNotification));
    }

    [Fact]
    public void The_first_OPEN_after_a_restart_sets_R_and_later_ones_only_F()
    {
        var peer = new PeerDriver(Offering with { RestartingUntil = Seconds(15) }).Started();

        var first = peer.Take(new Tcp_CR_Acked(peer.LastDial));
        var session = peer.Establish(peer.LastDial);
        peer.Take(new TcpConnectionFails(session, "reset by the peer"));
        peer.TakeDeadline();
        var second = peer.Take(new Tcp_CR_Acked(peer.LastDial));

        Assert.Equal((true, true), BitsOf(first));
        Assert.Equal((false, true), BitsOf(second));
    }

    [Fact]
    public void A_first_session_after_the_restart_time_preserves_nothing()
    {
        var peer = new PeerDriver(Offering with { RestartingUntil = Seconds(3) }).Started();
        peer.Now = Seconds(3);

        Assert.Equal((false, false), BitsOf(peer.Take(new Tcp_CR_Acked(peer.LastDial))));
    }

    [Fact]
    public void A_first_start_preserves_nothing()
    {
        var peer = new PeerDriver(Offering).Started();

        Assert.Equal((false, false), BitsOf(peer.Take(new Tcp_CR_Acked(peer.LastDial))));
    }

    [Theory]
    [InlineData(CeaseError.MaximumNumberOfPrefixesReached, true)]
    [InlineData(CeaseError.AdministrativeShutdown, true)]
    [InlineData(CeaseError.PeerDeconfigured, true)]
    [InlineData(CeaseError.BfdDown, true)]
    [InlineData(CeaseError.AdministrativeReset, false)]
    [InlineData(CeaseError.OtherConfigurationChange, false)]
    public void With_N_a_Cease_for_good_is_a_hard_reset(byte subcode, bool isHardReset)
    {
        var (peer, session) = Established(Theirs);
        var reason = Cease(subcode);

        var actions = peer.Take(new AutomaticStop(reason));

        var sent = Assert.Single(actions.OfType<SendNotification>());
        Assert.Equal(
            new SendNotification(session, isHardReset ? Cease(CeaseError.HardReset, 6, subcode) : reason), sent);
    }

    [Fact]
    public void A_stop_with_N_negotiated_is_a_hard_reset_with_the_text_inside()
    {
        var (peer, session) = Established(Theirs);

        AssertActions(
            peer.Take(new ManualStop("bye")),
            new SessionDown(session, "administratively down: bye"),
            new SendNotification(session, Cease(CeaseError.HardReset, [6, 2, 3, .. "bye"u8])),
            new CloseConnection(session, Flush: true),
            new StateChanged(BgpState.Established, BgpState.Idle, "administratively down: bye"));
    }

    [Fact]
    public void Without_N_a_stop_is_a_plain_Cease()
    {
        var (peer, session) = Established(Theirs with { GracefulNotification = false });

        Assert.Contains(new SendNotification(session, Shutdown), peer.Take(new ManualStop("")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_received_shutdown_is_damped_also_inside_a_hard_reset(bool isHardReset)
    {
        var (peer, session) = Established(Theirs);

        peer.Take(new NotifMsg(session, isHardReset ? Cease(CeaseError.HardReset, 6, 2) : Shutdown));

        AssertWithin(peer.State.NextRetryAt - peer.Now, Seconds(22.5), Seconds(30));
    }

    [Fact]
    public void A_peer_that_connects_anew_replaces_the_session_without_a_NOTIFICATION()
    {
        var (peer, old) = Established(Theirs);
        peer.Now += Seconds(1);
        var anew = peer.NewIncoming();

        var actions = peer.Take(new TcpConnectionConfirmed(anew));

        AssertActions(
            actions,
            new SessionDown(old, "the peer connected anew"),
            new CloseConnection(old, Flush: false),
            new SendOpen(anew, Negotiation.BuildOpen(Offering with { RestartState = RestartState.SessionLost })),
            new StateChanged(BgpState.Established, BgpState.OpenSent, "the peer connected"));
        peer.Establish(anew);
    }

    [Fact]
    public void A_connection_that_was_under_way_when_the_other_won_is_a_collision()
    {
        var (peer, session) = Established(Theirs);
        peer.Now += Seconds(0.9);
        var late = peer.NewIncoming();

        AssertActions(
            peer.Take(new TcpConnectionConfirmed(late)),
            new SendNotification(late, Cease(CeaseError.ConnectionCollisionResolution)),
            new CloseConnection(late, Flush: true));
        Assert.Equal(session, peer.State.Established?.Connection);
    }

    [Fact]
    public void Without_graceful_restart_an_Established_session_wins_over_a_new_connection()
    {
        var peer = new PeerDriver(Offering).Started();
        var session = peer.Establish(peer.Connect());
        peer.Now += Seconds(5);
        var anew = peer.NewIncoming();

        Assert.Contains(
            new SendNotification(anew, Cease(CeaseError.ConnectionCollisionResolution)),
            peer.Take(new TcpConnectionConfirmed(anew)));
        Assert.Equal(session, peer.State.Established?.Connection);
    }

    private static (PeerDriver Peer, ConnectionId Session) Established(GracefulRestartCapability theirs)
    {
        var peer = new PeerDriver(Offering).Started();
        var connection = peer.Connect();
        peer.Take(new BgpOpen(connection, PeerOpen(more: theirs)));
        peer.Take(new KeepAliveMsg(connection));
        return (peer, connection);
    }

    private static (bool R, bool F) BitsOf(ValueList<PeerAction> actions)
    {
        var open = Assert.Single(actions.OfType<SendOpen>()).Open;
        var restart = Assert.Single(open.Capabilities.OfType<GracefulRestartCapability>());
        return (restart.RestartState, Assert.Single(restart.Families.Select(item => item.ForwardingState).Distinct()));
    }
}

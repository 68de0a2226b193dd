using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

/// <summary>What BFD does to a peer: RFC 5882, RFC 9384, and strict mode.</summary>
public sealed class BfdCouplingTests
{
    private const string Why = "Control Detection Time Expired";
    private const string Reason = $"BFD is Down: {Why}";

    private static readonly Notification BfdDown = Cease(CeaseError.BfdDown);
    private static readonly PeerSettings Strict = Settings with { BfdStrict = true };

    [Fact]
    public void An_Established_session_ends_with_Cease_10_and_is_retried_after_a_wait()
    {
        var peer = new PeerDriver().Started();
        var id = peer.Establish(peer.Connect());

        AssertActions(
            peer.Take(new BfdDown(Why)),
            new SessionDown(id, Reason), new SendNotification(id, BfdDown), new CloseConnection(id, Flush: true),
            new StateChanged(BgpState.Established, BgpState.Active, Reason));
        AssertWithin(peer.State.NextRetryAt, Seconds(0.75), Seconds(1));
        Assert.Equal(Reason, peer.State.DownReason);
        Assert.Equal(BfdDown, peer.State.LastSent?.Notification);
    }

    [Fact]
    public void Both_connections_on_their_way_end_with_Cease_10()
    {
        var peer = new PeerDriver().Started();
        var (dialled, accepted) = (peer.Connect(), peer.Accept());

        AssertActions(
            peer.Take(new BfdDown(Why)),
            new SendNotification(dialled, BfdDown), new CloseConnection(dialled, Flush: true),
            new SendNotification(accepted, BfdDown), new CloseConnection(accepted, Flush: true),
            new StateChanged(BgpState.OpenSent, BgpState.Active, Reason));
    }

    [Fact]
    public void A_dial_under_way_is_given_up()
    {
        var peer = new PeerDriver().Started();

        AssertActions(
            peer.Take(new BfdDown(Why)),
            new CloseConnection(new(1), Flush: false),
            new StateChanged(BgpState.Connect, BgpState.Active, Reason));
        Assert.NotNull(peer.State.NextRetryAt);
    }

    [Fact]
    public void A_peer_that_is_down_hears_nothing_of_BFD()
    {
        var peer = new PeerDriver(Strict);

        AssertActions(peer.Take(new BfdUp()));
        AssertActions(peer.Take(new BfdDown(Why)));
        AssertActions(
            peer.Take(new ManualStart()),
            new StateChanged(BgpState.Idle, BgpState.Active, "administratively up"));
    }

    [Fact]
    public void Without_strict_mode_the_peer_dials_and_takes_connections_before_BFD_is_Up()
    {
        var peer = new PeerDriver().Started();

        Assert.Equal(new(1), peer.State.Dialing);
        peer.Establish(peer.Accept());
        AssertActions(peer.Take(new BfdUp()));
    }

    [Fact]
    public void Strict_mode_dials_as_soon_as_BFD_is_Up_and_not_before()
    {
        var peer = new PeerDriver(Strict);

        AssertActions(
            peer.Take(new ManualStart()),
            new StateChanged(BgpState.Idle, BgpState.Active, "administratively up"));
        Assert.Null(PeerFsm.NextDeadline(peer.State));
        Assert.Equal("waits for BFD to be Up (strict)", peer.State.DownReason);
        AssertActions(
            peer.Take(new BfdUp()), new Dial(new(1)), new StateChanged(BgpState.Active, BgpState.Connect, "BFD is Up"));
        peer.Establish(peer.Connect());
    }

    [Fact]
    public void Strict_mode_refuses_the_peers_connection_until_BFD_is_Up()
    {
        var peer = new PeerDriver(Strict).Started();
        var id = peer.NewIncoming();

        AssertActions(
            peer.Take(new TcpConnectionConfirmed(id)),
            new SendNotification(id, BfdDown), new CloseConnection(id, Flush: true));
        peer.Take(new BfdUp());
        peer.Establish(peer.Accept());
    }

    [Fact]
    public void Strict_mode_holds_the_peer_again_after_a_failure_and_after_a_stop()
    {
        var peer = new PeerDriver(Strict).Started();
        peer.Take(new BfdUp());
        peer.Establish(peer.Connect());

        peer.Take(new BfdDown(Why));

        Assert.Null(PeerFsm.NextDeadline(peer.State));
        AssertActions(peer.Take(new ManualReset("")));
        AssertActions(
            peer.Take(new BfdUp()), new Dial(new(2)), new StateChanged(BgpState.Active, BgpState.Connect, "BFD is Up"));
        peer.Take(new ManualStop(""));
        peer.Take(new ManualStart());
        Assert.Null(peer.State.Dialing);
    }

    [Fact]
    public void Strict_mode_that_is_turned_on_leaves_a_session_alone_and_counts_from_its_next_failure()
    {
        var peer = new PeerDriver().Started();
        var id = peer.Establish(peer.Connect());

        peer.State = PeerFsm.WithWaitsOf(peer.State, Strict);

        Assert.Equal(id, peer.State.Established?.Connection);
        peer.Take(new BfdDown(Why));
        Assert.Null(PeerFsm.NextDeadline(peer.State));
    }
}

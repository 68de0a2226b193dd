using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

/// <summary>RFC 4271 section 6.8 and RFC 6286 section 2.3: two connections with one peer.</summary>
public sealed class CollisionTests
{
    private static readonly Notification Collision = Cease(CeaseError.ConnectionCollisionResolution);

    private static readonly PeerSettings InternalSettings = Settings with { LocalAs = 65100 };

    [Fact]
    public void Open_on_one_connection_leaves_the_other_alone_while_that_is_in_OpenSent()
    {
        var (peer, outgoing, incoming) = BothInOpenSent();

        AssertActions(
            peer.Take(new BgpOpen(outgoing, PeerOpen())), new SendKeepalive(outgoing),
            new StateChanged(BgpState.OpenSent, BgpState.OpenConfirm, "OPEN accepted"));
        Assert.Equal(incoming, peer.State.Incoming?.Connection);
    }

    [Theory]
    [InlineData(LowerIdentifier, true)]
    [InlineData(HigherIdentifier, false)]
    public void Connection_of_the_higher_identifier_survives_if_the_dialled_one_confirms_first(
        uint peerIdentifier, bool outgoingSurvives) =>
        AssertSurvivor(Settings, peerIdentifier, outgoingFirst: true, outgoingSurvives);

    [Theory]
    [InlineData(LowerIdentifier, true)]
    [InlineData(HigherIdentifier, false)]
    public void Connection_of_the_higher_identifier_survives_if_the_accepted_one_confirms_first(
        uint peerIdentifier, bool outgoingSurvives) =>
        AssertSurvivor(Settings, peerIdentifier, outgoingFirst: false, outgoingSurvives);

    [Theory]
    [InlineData(65101u, true)]
    [InlineData(65099u, false)]
    public void Larger_as_decides_between_equal_identifiers(uint localAs, bool outgoingSurvives)
    {
        var settings = Settings with { LocalAs = localAs };

        AssertSurvivor(settings, OurIdentifier, outgoingFirst: true, outgoingSurvives);
        AssertSurvivor(settings, OurIdentifier, outgoingFirst: false, outgoingSurvives);
    }

    [Fact]
    public void Identifiers_decide_on_ibgp_as_well() =>
        AssertSurvivor(InternalSettings, HigherIdentifier, outgoingFirst: true, outgoingSurvives: false);

    [Fact]
    public void Identifiers_compare_as_unsigned_numbers() =>
        AssertSurvivor(Settings, peerIdentifier: 0xC0A80001, outgoingFirst: false, outgoingSurvives: false);

    [Fact]
    public void Established_connection_ends_the_other_one()
    {
        var (peer, outgoing, incoming) = BothInOpenSent();
        peer.Take(new BgpOpen(incoming, PeerOpen()));

        AssertActions(
            peer.Take(new KeepAliveMsg(incoming)), new SessionUp(incoming, Negotiated(Settings, PeerOpen())),
            new SendNotification(outgoing, Collision), new CloseConnection(outgoing, Flush: true),
            new StateChanged(BgpState.OpenConfirm, BgpState.Established, "session established"));
        Assert.Null(peer.State.NextRetryAt);
    }

    [Fact]
    public void Refused_open_does_not_harm_the_other_connection()
    {
        var (peer, outgoing, incoming) = BothInOpenSent();
        peer.Take(new BgpOpen(outgoing, PeerOpen()));

        AssertActions(
            peer.Take(new BgpOpen(incoming, PeerOpen(identifier: 0))),
            new SendNotification(incoming, Error(ErrorCode.OpenMessage, OpenMessageError.BadBgpIdentifier)),
            new CloseConnection(incoming, Flush: true));
        Assert.Equal(BgpState.OpenConfirm, peer.State.BgpState);
        Assert.Equal("", peer.State.DownReason);
    }

    [Fact]
    public void Loser_that_the_peer_closes_first_leaves_the_winner_to_come_up()
    {
        var (peer, outgoing, incoming) = BothInOpenSent();
        peer.Take(new BgpOpen(incoming, PeerOpen(HigherIdentifier)));

        AssertActions(peer.Take(new NotifMsg(outgoing, Collision)), new CloseConnection(outgoing, Flush: false));
        peer.Take(new KeepAliveMsg(incoming));

        Assert.Equal(incoming, peer.State.Established?.Connection);
        Assert.Null(peer.State.NextRetryAt);
        Assert.Equal("", peer.State.DownReason);
    }

    private static (PeerDriver Peer, ConnectionId Outgoing, ConnectionId Incoming) BothInOpenSent(
        PeerSettings? settings = null)
    {
        var peer = new PeerDriver(settings ?? Settings).Started();
        var incoming = peer.Accept();
        var outgoing = peer.Connect();
        return (peer, outgoing, incoming);
    }

    private static void AssertSurvivor(
        PeerSettings settings, uint peerIdentifier, bool outgoingFirst, bool outgoingSurvives)
    {
        var (peer, outgoing, incoming) = BothInOpenSent(settings);
        var (first, second) = outgoingFirst ? (outgoing, incoming) : (incoming, outgoing);
        var (winner, loser) = outgoingSurvives ? (outgoing, incoming) : (incoming, outgoing);
        var open = PeerOpen(peerIdentifier);
        peer.Take(new BgpOpen(first, open));

        var actions = peer.Take(new BgpOpen(second, open));

        PeerAction[] end = [new SendNotification(loser, Collision), new CloseConnection(loser, Flush: true)];
        AssertActions(actions, second == winner ? [.. end, new SendKeepalive(winner)] : end);
        Assert.Equal(BgpState.OpenConfirm, peer.State.BgpState);
        peer.Take(new KeepAliveMsg(winner));
        Assert.Equal(winner, peer.State.Established?.Connection);
    }
}

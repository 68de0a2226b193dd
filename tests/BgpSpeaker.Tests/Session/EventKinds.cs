using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

/// <summary>One of each kind of event; a test sees to it that none is missing.</summary>
internal static class EventKinds
{
    public static readonly PeerEvent[] OfPeer =
    [
        new ManualStart(), new ManualStop("upgrade"), new ManualReset(""), new PeerMoved("found at fe80::1"),
        new AutomaticStop(Cease(CeaseError.OtherConfigurationChange)), new BfdUp(), new BfdDown("Path Down"),
        new TimersDue(),
    ];

    public static ConnectionEvent[] OfConnection(ConnectionId id) =>
    [
        new Tcp_CR_Acked(id), new TcpConnectionConfirmed(id), new TcpConnectionFails(id, "peer closed the connection"),
        new BgpOpen(id, PeerOpen()), new BgpOpen(id, PeerOpen(HigherIdentifier)),
        new BgpOpen(id, PeerOpen(holdTime: 1)), new BgpOpen(id, PeerOpen(holdTime: 0)),
        new MessageError(id, Error(ErrorCode.MessageHeader, 1)),
        new NotifMsg(id, Cease(CeaseError.MaximumNumberOfPrefixesReached)), new KeepAliveMsg(id), new UpdateMsg(id),
        new RouteRefreshMsg(id), new BytesWritten(id), new UpdateSent(id),
    ];
}

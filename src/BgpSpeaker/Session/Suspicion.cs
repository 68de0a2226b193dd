using System.Globalization;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>
/// What is probably wrong with a peer, from how its last connections ended: one line that says what it is, and what to
/// check. Pure.
/// </summary>
public static class Suspicion
{
    private const string PathLost = "the path to the peer was lost; check the link";
    private const string Unanswered =
        "no answer: the peer is down, its port is filtered, or it demands a TCP MD5 key or TTL security; check these";

    /// <summary>The suspicion; null while the peer is administratively down, or nothing points anywhere.</summary>
    public static string? Of(PeerState state) => state switch
    {
        { AdminUp: false } => null,
        { Established: { } established } => OfSession(state.Settings, established.Session),
        { LastEnd: { } end } => OfEnd(state.Settings, IsWordless(end) ? state.LastRefusal ?? end : end),
        _ => null,
    };

    // RFC 6286 section 2.1 wants identifiers unique within an AS: a session of two ASes works with equal ones, what
    // compares identifiers (collisions, best paths, route reflection) does not.
    private static string? OfSession(PeerSettings settings, NegotiatedSession session) =>
        session.PeerIdentifier == settings.BgpIdentifier
            ? $"BGP identifier conflict: the peer has ours, {BgpIdentifierText.Of(settings.BgpIdentifier)}; "
                + "give one of both another routerId"
            : null;

    private static bool IsWordless(ConnectionEnd end) =>
        end.Tcp is TcpFailure.Refused or TcpFailure.Closed or TcpFailure.Reset;

    private static string? OfEnd(PeerSettings settings, ConnectionEnd end) => end switch
    {
        { Received: { } notification } => OfReceived(settings, notification.Unwrap()),
        { Sent: { } notification } => OfSent(settings, notification, end),
        { Tcp: { } failure, In: BgpState.Established } => OfLostSession(settings, failure),
        { Tcp: { } failure, In: BgpState.OpenConfirm } => OfUnfinishedSession(failure),
        { Tcp: { } failure } => OfConnection(settings, failure),
        _ => null,
    };

    // Up to OpenSent: nothing of BGP has come from the peer.
    private static string? OfConnection(PeerSettings settings, TcpFailure failure) => failure switch
    {
        TcpFailure.NoAnswer => OfSilence(settings),
        TcpFailure.Refused =>
            "the peer's host refuses connections to the port; check that its BGP runs and listens on this address",
        TcpFailure.Unreachable when settings.ReachesOneHop =>
            "no way to the peer; check link and addresses, and whether the peer is more than one hop away (TTL is 1)",
        TcpFailure.Unreachable => "no way to the peer; check link, addresses and the route to it",
        TcpFailure.Closed or TcpFailure.Reset when settings.UsesTcpMd5 =>
            "the peer ends our connection without a word: suspected authentication fault; check that it has this node "
            + "as a neighbour, with the same TCP MD5 key",
        TcpFailure.Closed or TcpFailure.Reset =>
            "the peer ends our connection without a word; check that it has this node's address as a neighbour, is not "
            + "shut down there, and demands no TCP MD5 key",
        _ => null,
    };

    // The kernel drops segments with a wrong, missing or unexpected signature in silence (RFC 2385 section 2), a
    // refusal by a closed port included, and those with too low a TTL under GTSM (RFC 5082 section 3).
    private static string OfSilence(PeerSettings settings) => settings switch
    {
        { UsesTcpMd5: true } =>
            "no answer: suspected authentication fault; check that both sides have the same TCP MD5 key, then that the "
            + "peer is up and its port is not filtered",
        { UsesTtlSecurity: true } =>
            "no answer: suspected TTL security fault; check that the peer sends with TTL 255 and is not farther away "
            + "than ttlSecurityHops, then that it is up and its port is not filtered",
        { ReachesOneHop: true } => $"{Unanswered}, and whether it is more than one hop away (TTL is 1)",
        _ => Unanswered,
    };

    private static string? OfUnfinishedSession(TcpFailure failure) => failure switch
    {
        TcpFailure.Closed or TcpFailure.Reset =>
            "the peer ends the connection after both OPENs without a word; its log says why",
        TcpFailure.NoAnswer => PathLost,
        _ => null,
    };

    private static string? OfLostSession(PeerSettings settings, TcpFailure failure) => failure switch
    {
        TcpFailure.Closed or TcpFailure.Reset =>
            "the peer dropped the session without a word: its BGP was killed or restarted; see its log",
        TcpFailure.NoAnswer when settings.UsesTcpMd5 => $"{PathLost}, and whether the peer's TCP MD5 key was changed",
        TcpFailure.NoAnswer => PathLost,
        _ => null,
    };

    private static string? OfSent(PeerSettings settings, Notification notification, ConnectionEnd end) =>
        notification switch
        {
            { Code: ErrorCode.OpenMessage } => OfRefusedOpen(settings, notification.Subcode, end.Reason),
            { Code: ErrorCode.HoldTimerExpired } when end.In == BgpState.OpenSent =>
                "the peer takes the connection and sends no OPEN: suspected TTL security at one side only, or its BGP "
                + "hangs; check ttlSecurityHops at both sides",
            { Code: ErrorCode.HoldTimerExpired } when settings.UsesTcpMd5 =>
                "the peer fell silent; check the link, the peer's load, and whether its TCP MD5 key was changed",
            { Code: ErrorCode.HoldTimerExpired } => "the peer fell silent; check the link and the peer's load",
            { Code: ErrorCode.SendHoldTimerExpired } =>
                "the peer takes nothing from us though its TCP answers: its BGP hangs; look at its host",
            { Code: ErrorCode.MessageHeader } =>
                "what answers does not speak BGP as we know it; check address and port of the peer",
            { Code: ErrorCode.UpdateMessage or ErrorCode.RouteRefreshMessage or ErrorCode.FiniteStateMachine } =>
                $"the peer breaks the protocol ({NotificationText.Name(notification)}); its software has a fault",
            { Code: ErrorCode.Cease, Subcode: CeaseError.MaximumNumberOfPrefixesReached } =>
                "the peer sent more prefixes than its maximumPrefixes; check what it announces, then that limit",
            { Code: ErrorCode.Cease, Subcode: CeaseError.BfdDown } =>
                "BFD says that the path to the peer is lost; check the link, then 'vipctl bfd'",
            _ => null,
        };

    private static string OfRefusedOpen(PeerSettings settings, byte subcode, string reason) => subcode switch
    {
        OpenMessageError.UnsupportedVersionNumber => "the peer does not speak BGP-4",
        OpenMessageError.BadPeerAs => $"wrong AS: {reason}; check this peer's asn here against the router's own",
        OpenMessageError.BadBgpIdentifier when settings.IsExternal => $"{reason}; set the router's BGP identifier",
        OpenMessageError.BadBgpIdentifier => $"BGP identifier conflict: {reason}; give one of both another routerId",
        OpenMessageError.UnacceptableHoldTime => $"{reason}, which RFC 4271 forbids; raise the router's hold time",
        OpenMessageError.UnsupportedCapability => $"{reason}; activate a family of this peer's families there",
        _ => $"we cannot take the peer's OPEN ({reason}); compare the configurations of both sides",
    };

    private static string? OfReceived(PeerSettings settings, Notification notification) => notification.Code switch
    {
        ErrorCode.OpenMessage => OfOpenRefusedByPeer(settings, notification),
        ErrorCode.HoldTimerExpired =>
            "the peer did not hear us for its hold time; check the link for loss, and that long packets pass (MTU)",
        ErrorCode.SendHoldTimerExpired => "the peer could not send to us; check this node's load and the link",
        ErrorCode.Cease => OfReceivedCease(notification),
        _ => $"the peer does not understand us ({NotificationText.Describe(notification)}); please report this",
    };

    private static string OfOpenRefusedByPeer(PeerSettings settings, Notification notification) =>
        notification.Subcode switch
        {
            OpenMessageError.BadPeerAs => string.Create(
                CultureInfo.InvariantCulture,
                $"wrong AS: the peer refuses our AS {settings.LocalAs}; check which AS it expects of this node"),
            OpenMessageError.BadBgpIdentifier =>
                $"BGP identifier conflict: the peer refuses ours, {BgpIdentifierText.Of(settings.BgpIdentifier)}; "
                + "give one of both another routerId",
            OpenMessageError.UnacceptableHoldTime =>
                $"the peer refuses our hold time of {Reasons.Seconds(settings.HoldTime)}; change holdTime here, or its "
                + "lower bound there",
            OpenMessageError.UnsupportedCapability =>
                "no address family in common, or the peer demands a capability that we lack "
                + $"({NotificationText.Describe(notification)}); check families here and there",
            _ => $"the peer refuses our OPEN ({NotificationText.Describe(notification)}); its log says why",
        };

    private static string? OfReceivedCease(Notification notification)
    {
        var text = NotificationText.Describe(notification);
        return notification.Subcode switch
        {
            CeaseError.MaximumNumberOfPrefixesReached =>
                $"the peer takes fewer prefixes than we announce ({text}); raise its limit for this node",
            CeaseError.AdministrativeShutdown => $"the peer has this node shut down ({text}); ask its operator",
            CeaseError.PeerDeconfigured => "the peer has this node no more as a neighbour; ask its operator",
            CeaseError.ConnectionRejected =>
                $"the peer rejects us ({text}); check that it has this node's address as a neighbour",
            CeaseError.OutOfResources => $"the peer is out of resources ({text}); look at its memory",
            CeaseError.BfdDown =>
                "the peer's BFD says that the path is lost; check the link, then that BFD is configured at both sides",
            _ => null,
        };
    }
}

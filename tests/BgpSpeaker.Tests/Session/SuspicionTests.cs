using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

/// <summary>What is suspected after which events: the exact lines, because operators act on them.</summary>
public sealed class SuspicionTests
{
    private const string PeerHasUsDown =
        "the peer has this node shut down (Cease/Administrative Shutdown: card swap); ask its operator";

    private static readonly PeerSettings Plain = Settings;
    private static readonly PeerSettings WithMd5 = Settings with { UsesTcpMd5 = true };
    private static readonly PeerSettings WithTtlSecurity = Settings with { UsesTtlSecurity = true };
    private static readonly PeerSettings OneHop = Settings with { ReachesOneHop = true };
    private static readonly PeerSettings Internal = Settings with { PeerAs = Settings.LocalAs };
    private static readonly Notification ShutDown = Cease(2, [9, .. "card swap"u8]);

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["nothing has happened"] = new(Plain, _ => { }, null),
        ["no answer"] = new(
            Plain, NoAnswer,
            "no answer: the peer is down, its port is filtered, or it demands a TCP MD5 key or TTL security; check "
            + "these"),
        ["no answer within one hop"] = new(
            OneHop, NoAnswer,
            "no answer: the peer is down, its port is filtered, or it demands a TCP MD5 key or TTL security; check "
            + "these, and whether it is more than one hop away (TTL is 1)"),
        ["no answer with MD5"] = new(
            WithMd5, NoAnswer,
            "no answer: suspected authentication fault; check that both sides have the same TCP MD5 key, then that the "
            + "peer is up and its port is not filtered"),
        ["no answer with GTSM"] = new(
            WithTtlSecurity, NoAnswer,
            "no answer: suspected TTL security fault; check that the peer sends with TTL 255 and is not farther away "
            + "than ttlSecurityHops, then that it is up and its port is not filtered"),
        ["refused"] = new(
            Plain, Dial(TcpFailure.Refused),
            "the peer's host refuses connections to the port; check that its BGP runs and listens on this address"),
        ["unreachable"] = new(
            Plain, Dial(TcpFailure.Unreachable),
            "no way to the peer; check link, addresses and the route to it"),
        ["unreachable within one hop"] = new(
            OneHop, Dial(TcpFailure.Unreachable),
            "no way to the peer; check link and addresses, and whether the peer is more than one hop away (TTL is 1)"),
        ["our own fault"] = new(Plain, Dial(TcpFailure.Other), null),
        ["closed before OPEN"] = new(
            Plain, Connected(TcpFailure.Closed),
            "the peer ends our connection without a word; check that it has this node's address as a neighbour, is not "
            + "shut down there, and demands no TCP MD5 key"),
        ["reset before OPEN with MD5"] = new(
            WithMd5, Connected(TcpFailure.Reset),
            "the peer ends our connection without a word: suspected authentication fault; check that it has this node "
            + "as a neighbour, with the same TCP MD5 key"),
        ["closed after OPEN"] = new(
            Plain,
            peer => Confirming(peer, id => new TcpConnectionFails(id, "closed", TcpFailure.Closed)),
            "the peer ends the connection after both OPENs without a word; its log says why"),
        ["session reset"] = new(
            Plain, Established(TcpFailure.Reset),
            "the peer dropped the session without a word: its BGP was killed or restarted; see its log"),
        ["session timed out"] = new(
            Plain, Established(TcpFailure.NoAnswer), "the path to the peer was lost; check the link"),
        ["session timed out with MD5"] = new(
            WithMd5, Established(TcpFailure.NoAnswer),
            "the path to the peer was lost; check the link, and whether the peer's TCP MD5 key was changed"),
        ["no OPEN"] = new(
            Plain, peer => { peer.Connect(); peer.TakeDeadline(); },
            "the peer takes the connection and sends no OPEN: suspected TTL security at one side only, or its BGP "
            + "hangs; check ttlSecurityHops at both sides"),
        ["silence"] = new(
            Plain, FallSilent, "the peer fell silent; check the link and the peer's load"),
        ["silence with MD5"] = new(
            WithMd5, FallSilent,
            "the peer fell silent; check the link, the peer's load, and whether its TCP MD5 key was changed"),
        ["wrong AS"] = new(
            Plain, Open(PeerOpen(peerAs: 65200)),
            "wrong AS: the peer claims AS 65200, AS 65100 is configured; check this peer's asn here against the "
            + "router's own"),
        ["AS refused"] = new(
            Plain, Told(Error(ErrorCode.OpenMessage, 2)),
            "wrong AS: the peer refuses our AS 65001; check which AS it expects of this node"),
        ["identifier 0"] = new(
            Plain, Open(PeerOpen(identifier: 0)), "the peer's BGP identifier is 0; set the router's BGP identifier"),
        ["our identifier, iBGP"] = new(
            Internal, Open(PeerOpen(identifier: OurIdentifier, peerAs: 65001)),
            "BGP identifier conflict: the peer has our BGP identifier, inside our AS; give one of both another "
            + "routerId"),
        ["our identifier, eBGP"] = new(
            Plain,
            peer => Confirming(peer, id => new KeepAliveMsg(id), OurIdentifier),
            "BGP identifier conflict: the peer has ours, 10.0.1.2; give one of both another routerId"),
        ["identifier refused"] = new(
            Plain, Told(Error(ErrorCode.OpenMessage, 3)),
            "BGP identifier conflict: the peer refuses ours, 10.0.1.2; give one of both another routerId"),
        ["hold time"] = new(
            Plain, Open(PeerOpen(holdTime: 2)),
            "the peer proposes a hold time of 2 s, which RFC 4271 forbids; raise the router's hold time"),
        ["hold time refused"] = new(
            Plain, Told(Error(ErrorCode.OpenMessage, 6)),
            "the peer refuses our hold time of 9 s; change holdTime here, or its lower bound there"),
        ["no common family"] = new(
            Plain, Open(new OpenMessage(65100, 9, LowerIdentifier, [new MultiprotocolCapability(new Family(1, 128))])),
            "no address family in common: the peer offers 1/128; activate a family of this peer's families there"),
        ["capability refused"] = new(
            Plain, Told(Error(ErrorCode.OpenMessage, 7, 1, 4, 0, 2, 0, 1)),
            "no address family in common, or the peer demands a capability that we lack (OPEN Message "
            + "Error/Unsupported Capability: 010400020001); check families here and there"),
        ["malformed OPEN"] = new(
            Plain, peer => peer.Take(new MessageError(peer.Connect(), Error(ErrorCode.OpenMessage, 0))),
            "we cannot take the peer's OPEN (sent OPEN Message Error/Unspecific); compare the configurations of both "
            + "sides"),
        ["role refused"] = new(
            Plain, Told(Error(ErrorCode.OpenMessage, 11)),
            "the peer refuses our OPEN (OPEN Message Error/Role Mismatch); its log says why"),
        ["not BGP"] = new(
            Plain, Sends(Error(ErrorCode.MessageHeader, 1)),
            "what answers does not speak BGP as we know it; check address and port of the peer"),
        ["malformed UPDATE"] = new(
            Plain, Sends(Error(ErrorCode.UpdateMessage, 1)),
            "the peer breaks the protocol (UPDATE Message Error/Malformed Attribute List); its software has a fault"),
        ["takes nothing"] = new(
            Plain, Sends(Error(ErrorCode.SendHoldTimerExpired, 0)),
            "the peer takes nothing from us though its TCP answers: its BGP hangs; look at its host"),
        ["our prefix limit"] = new(
            Plain, Sends(Cease(1)),
            "the peer sent more prefixes than its maximumPrefixes; check what it announces, then that limit"),
        ["our BFD"] = new(
            Plain, Sends(Cease(10)),
            "BFD says that the path to the peer is lost; check the link, then 'vipctl bfd'"),
        ["its hold timer"] = new(
            Plain, Told(Error(ErrorCode.HoldTimerExpired, 0)),
            "the peer did not hear us for its hold time; check the link for loss, and that long packets pass (MTU)"),
        ["its send hold timer"] = new(
            Plain, Told(Error(ErrorCode.SendHoldTimerExpired, 0)),
            "the peer could not send to us; check this node's load and the link"),
        ["our UPDATE"] = new(
            Plain, Told(Error(ErrorCode.UpdateMessage, 3, 1)),
            "the peer does not understand us (UPDATE Message Error/Missing Well-known Attribute: 01); please report "
            + "this"),
        ["its prefix limit"] = new(
            Plain, Told(Cease(1, 0, 1, 1, 0, 0, 0, 5)),
            "the peer takes fewer prefixes than we announce (Cease/Maximum Number of Prefixes Reached: ipv4-unicast, "
            + "at most 5); raise its limit for this node"),
        ["shut down there"] = new(Plain, Told(ShutDown), PeerHasUsDown),
        ["shut down there with a hard reset"] = new(Plain, Told(Cease(9, [6, 2, 9, .. "card swap"u8])), PeerHasUsDown),
        ["shut down there, then refused"] = new(
            Plain, Then(Told(ShutDown), Dial(TcpFailure.Refused)), PeerHasUsDown),
        ["shut down there, then closed"] = new(
            Plain, Then(Told(ShutDown), Connected(TcpFailure.Closed)), PeerHasUsDown),
        ["shut down there, then gone"] = new(
            Plain, Then(Told(ShutDown), Dial(TcpFailure.Unreachable)),
            "no way to the peer; check link, addresses and the route to it"),
        ["shut down there, back, then reset"] = new(
            Plain, Then(Told(ShutDown), Established(TcpFailure.Reset)),
            "the peer dropped the session without a word: its BGP was killed or restarted; see its log"),
        ["removed there"] = new(
            Plain, Told(Cease(3)), "the peer has this node no more as a neighbour; ask its operator"),
        ["rejected"] = new(
            Plain, Told(Cease(5)),
            "the peer rejects us (Cease/Connection Rejected); check that it has this node's address as a neighbour"),
        ["out of resources"] = new(
            Plain, Told(Cease(8)),
            "the peer is out of resources (Cease/Out of Resources); look at its memory"),
        ["its BFD"] = new(
            Plain, Told(Cease(10)),
            "the peer's BFD says that the path is lost; check the link, then that BFD is configured at both sides"),
        ["reset there"] = new(Plain, Told(Cease(4)), null),
        ["stopped here"] = new(Plain, Then(Told(ShutDown), peer => peer.Take(new ManualStop(""))), null),
        ["stopped and started here"] = new(
            Plain, Then(Told(ShutDown), peer => { peer.Take(new ManualStop("")); peer.Take(new ManualStart()); }),
            null),
        ["Established"] = new(Plain, Then(NoAnswer, peer => Redial(peer, id => peer.Establish(id))), null),
    };

    public static TheoryData<string> Names() => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void What_happened_leads_to_this_suspicion(string name)
    {
        var (settings, steps, expected) = Cases[name];
        var peer = new PeerDriver(settings).Started();

        steps(peer);

        Assert.Equal(expected, Suspicion.Of(peer.State));
    }

    [Fact]
    public void A_suspicion_stands_while_the_next_attempt_is_under_way()
    {
        var peer = new PeerDriver(WithMd5).Started();
        NoAnswer(peer);
        var suspicion = Suspicion.Of(peer.State);

        Redial(peer, _ => { });

        Assert.NotNull(suspicion);
        Assert.Equal((BgpState.OpenSent, suspicion), (peer.State.BgpState, Suspicion.Of(peer.State)));
    }

    private static void NoAnswer(PeerDriver peer) => peer.TakeDeadline();

    private static void FallSilent(PeerDriver peer)
    {
        peer.Establish(peer.Connect());
        peer.Now = Seconds(9);
        peer.Take(new TimersDue());
    }

    private static Action<PeerDriver> Dial(TcpFailure failure) => peer =>
    {
        if (peer.State.Dialing is null)
            peer.TakeDeadline();
        peer.Take(new TcpConnectionFails(peer.LastDial, $"{failure}", failure));
    };

    private static Action<PeerDriver> Connected(TcpFailure failure) => peer =>
        Redial(peer, id => peer.Take(new TcpConnectionFails(id, $"{failure}", failure)));

    private static Action<PeerDriver> Established(TcpFailure failure) => peer =>
        Redial(peer, id => peer.Take(new TcpConnectionFails(peer.Establish(id), $"{failure}", failure)));

    private static Action<PeerDriver> Open(OpenMessage open) => peer => peer.Take(new BgpOpen(peer.Connect(), open));

    private static Action<PeerDriver> Told(Notification notification) => peer =>
        peer.Take(new NotifMsg(peer.Connect(), notification));

    private static Action<PeerDriver> Sends(Notification notification) => peer =>
        peer.Take(new MessageError(peer.Establish(peer.Connect()), notification));

    private static Action<PeerDriver> Then(Action<PeerDriver> first, Action<PeerDriver> second) => first + second;

    private static void Confirming(
        PeerDriver peer, Func<ConnectionId, PeerEvent> next, uint identifier = LowerIdentifier)
    {
        var id = peer.Connect();
        peer.Take(new BgpOpen(id, PeerOpen(identifier)));
        peer.Take(next(id));
    }

    private static void Redial(PeerDriver peer, Action<ConnectionId> then)
    {
        if (peer.State.Dialing is null)
            peer.TakeDeadline();
        then(peer.Connect());
    }

    private sealed record Case(PeerSettings Settings, Action<PeerDriver> Steps, string? Expected);
}

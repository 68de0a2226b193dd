using AnycastVip.BgpSpeaker.Api;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Api;

/// <summary>FAULTS 16: which equal BGP identifiers are a conflict.</summary>
public sealed class IdentifierAlarmsTests
{
    [Fact]
    public void Fault_16_a_peer_with_our_identifier_raises_an_alarm() =>
        Assert.Equal(
            ["a: the peer has our BGP identifier 10.0.1.2; give one of both another routerId"],
            Find(Session("a", OurIdentifier, 65100, "tor1"), Session("b", LowerIdentifier, 65100, "tor2")));

    [Fact]
    public void Fault_16_two_routers_of_one_AS_with_one_identifier_raise_an_alarm() =>
        Assert.Equal(
            [
                "a, b: the routers tor1 and tor\\x0a2 of AS 65100 have the same BGP identifier 10.0.1.1; "
                    + "give each its own",
            ],
            Find(Session("a", LowerIdentifier, 65100, "tor1"), Session("b", LowerIdentifier, 65100, "tor\n2")));

    [Fact]
    public void Two_sessions_with_one_router_raise_none() =>
        Assert.Empty(Find(
            Session("v4", LowerIdentifier, 65100, "tor1"), Session("v6", LowerIdentifier, 65100, "tor1"),
            Session("without a name", LowerIdentifier, 65100)));

    [Fact]
    public void Identifiers_of_different_ASes_may_be_equal() =>
        Assert.Empty(Find(
            Session("a", LowerIdentifier, 65100, "tor1"), Session("b", LowerIdentifier, 65200, "tor2")));

    private static IEnumerable<string> Find(params (string Peer, NegotiatedSession Session)[] sessions) =>
        IdentifierAlarms.Find(OurIdentifier, sessions);

    private static (string Peer, NegotiatedSession Session) Session(
        string peer, uint identifier, uint peerAs, string? hostName = null)
    {
        Capability[] more = hostName is null ? [] : [new FqdnCapability(hostName, "")];
        return (peer, Negotiated(Settings with { PeerAs = peerAs }, PeerOpen(identifier, peerAs: peerAs, more: more)));
    }
}

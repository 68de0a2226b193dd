using System.Net;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>Which changes of a peer's options its session survives.</summary>
public sealed class KeptSessionTests
{
    private static readonly PeerOptions Peer = new()
    {
        Name = "tor1",
        Address = IPAddress.Parse("192.0.2.1"),
        Session = new PeerSettings
        {
            LocalAs = 65001, PeerAs = 65100, BgpIdentifier = 1, Role = BgpRole.Customer,
        },
    };

    public static TheoryData<string, PeerOptions, ChangeEffect> Changes => new()
    {
        { "another role", Session(settings => settings with { Role = BgpRole.Peer }), ChangeEffect.PeerReset },
        { "a role is required", Session(settings => settings with { StrictRole = true }), ChangeEffect.PeerReset },
        { "several paths", Session(settings => settings with { AddPathReceive = true }), ChangeEffect.PeerReset },
        {
            "other attributes",
            Peer with { Attributes = new() { LinkBandwidth = 1_000, ExtendedCommunities = [new(1)] } },
            ChangeEffect.Applied
        },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_changed_option_has_this_effect(string why, PeerOptions wanted, ChangeEffect effect)
    {
        Assert.NotEmpty(why);
        var plan = new ReconfigurationPlan(Options(Peer), Options(wanted));

        Assert.Equal([new SpeakerChange("peer tor1", effect)], plan.Changes);
        Assert.Equal(effect == ChangeEffect.PeerReset ? [wanted] : [], plan.Started);
        Assert.Equal(effect == ChangeEffect.Applied ? [wanted] : [], plan.Adjusted);
    }

    private static PeerOptions Session(Func<PeerSettings, PeerSettings> change) =>
        Peer with { Session = change(Peer.Session) };

    private static SpeakerOptions Options(PeerOptions peer) =>
        new() { NodeName = "n1", Asn = 65001, RouterId = 1, Peers = [peer] };
}

using System.Net;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>Which AS number a peer keeps when the node's changes in the file, which waits for a restart.</summary>
public sealed class ReconfigurationPlanTests
{
    private const uint NodesAs = 65001;
    private const uint NewNodesAs = 65010;
    private const uint OwnAs = 65020;

    [Theory]
    [InlineData(NodesAs, NewNodesAs, NodesAs, null)]
    [InlineData(NewNodesAs, NewNodesAs, NewNodesAs, null)]
    [InlineData(OwnAs, OwnAs, OwnAs, null)]
    [InlineData(NodesAs, NodesAs, NodesAs, null)]
    [InlineData(NodesAs, OwnAs, OwnAs, ChangeEffect.PeerReset)]
    [InlineData(OwnAs, NewNodesAs, NodesAs, ChangeEffect.PeerReset)]
    [InlineData(null, NewNodesAs, NodesAs, ChangeEffect.PeerAdded)]
    [InlineData(null, OwnAs, OwnAs, ChangeEffect.PeerAdded)]
    public void A_peer_has_the_running_AS_number_of_the_node_or_its_own(
        uint? before, uint wanted, uint inForce, ChangeEffect? effect)
    {
        var plan = new ReconfigurationPlan(Options(NodesAs, before), Options(NewNodesAs, wanted));

        var restart = new SpeakerChange("AS number", ChangeEffect.NeedsRestart);
        Assert.Equal(
            effect is { } done ? [restart, new SpeakerChange("peer tor1", done)] : [restart], plan.Changes);
        Assert.Equal(NodesAs, plan.Options.Asn);
        Assert.Equal(inForce, Assert.Single(plan.Options.Peers).Session.LocalAs);
    }

    private static SpeakerOptions Options(uint asn, uint? localAs) => new()
    {
        NodeName = "n1",
        Asn = asn,
        RouterId = 1,
        Peers = localAs is null ? [] :
        [
            new PeerOptions
            {
                Name = "tor1",
                Address = IPAddress.Parse("192.0.2.1"),
                Session = new PeerSettings { LocalAs = localAs.Value, PeerAs = 65100, BgpIdentifier = 1 },
            },
        ],
    };
}

using AnycastVip.Lab.Tests.Fixture;
using AnycastVip.Netlab.Model;

[assembly: AssemblyFixture(typeof(ForeignRouterLab))]

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>
/// <c>topologies/foreign-router.clab.yml</c>, deployed once for all tests of the assembly: a router in which a test
/// starts BIRD, GoBGP or OpenBGPD, and a node. A test class takes it in its constructor.
/// </summary>
public sealed class ForeignRouterLab : SharedLab
{
    /// <summary>The node, for AS 65001, at 10.0.1.2 and 2001:db8:1::2.</summary>
    internal SpeakerNode Node => new(Lab, "node1");

    /// <summary>The same node, for the whole of vipd.</summary>
    internal VipNode Vipd => new(Lab, "node1", 1);

    /// <summary>Starts BIRD in the router.</summary>
    /// <inheritdoc cref="BirdConfiguration"/>
    internal Task<BirdRouter> StartBirdAsync(BirdConfiguration? configuration = null) =>
        BirdRouter.StartAsync(Lab, "router1", configuration ?? new BirdConfiguration());

    /// <summary>
    /// Starts a router, AS 65100, at 10.0.1.1 and 2001:db8:1::1, that has a session with each of the node's addresses
    /// and takes every route of both families.
    /// </summary>
    internal async Task<ForeignRouter> StartAsync(RouterKind kind) => kind switch
    {
        RouterKind.Bird => await StartBirdAsync(),
        RouterKind.GoBgp => await GoBgpRouter.StartAsync(Lab, "router1"),
        RouterKind.OpenBgpd => await OpenBgpdRouter.StartAsync(Lab, "router1"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private protected override Topology Load() => TestTopology.Load("foreign-router");
}

/// <summary>The routers of <see cref="ForeignRouterLab"/>.</summary>
public enum RouterKind
{
    /// <summary>BIRD 2.</summary>
    Bird,

    /// <summary>GoBGP 3.</summary>
    GoBgp,

    /// <summary>OpenBGPD, the portable one.</summary>
    OpenBgpd,
}

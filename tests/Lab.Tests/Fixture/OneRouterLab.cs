using AnycastVip.Lab.Tests.Fixture;
using AnycastVip.Netlab.Model;

[assembly: AssemblyFixture(typeof(OneRouterLab))]

// Labs measure times and share two cores: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>
/// <c>topologies/one-router.clab.yml</c>, deployed once for all tests of the assembly. A test class takes it in its
/// constructor; a test that changes the router's configuration puts it back.
/// </summary>
public sealed class OneRouterLab : SharedLab
{
    /// <summary>The router, AS 65100, at 10.0.1.1 and 2001:db8:1::1.</summary>
    internal FrrRouter Router => new(Lab, "router1");

    /// <summary>The node, for AS 65001, at 10.0.1.2 and 2001:db8:1::2.</summary>
    internal SpeakerNode Node => new(Lab, "node1");

    private protected override Topology Load() => TestTopology.Load("one-router");
}

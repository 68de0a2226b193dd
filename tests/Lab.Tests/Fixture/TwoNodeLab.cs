using AnycastVip.Lab.Tests.Fixture;
using AnycastVip.Netlab.Model;

[assembly: AssemblyFixture(typeof(TwoNodeLab))]

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>
/// <c>lab/two-nodes.clab.yml</c>, deployed once for all tests of the assembly: a router with ECMP, two nodes, a client.
/// A test class takes it in its constructor.
/// </summary>
public sealed class TwoNodeLab : SharedLab
{
    /// <summary>The router, AS 65100, at 10.0.N.1 and 2001:db8:N::1 towards node N.</summary>
    internal FrrRouter Router => new(Lab, "router1");

    /// <summary>The nodes, for AS 65001, at 10.0.N.2 and 2001:db8:N::2.</summary>
    internal IReadOnlyList<VipNode> Nodes => [new(Lab, "node1", 1), new(Lab, "node2", 2)];

    /// <summary>A node, 1 or 2, in which a test runs a speaker alone.</summary>
    internal SpeakerNode SpeakerNode(int number) => new(Lab, $"node{number}");

    /// <summary>The client, at 10.0.9.2 and 2001:db8:9::2.</summary>
    internal LabNode Client => new(Lab, "client1");

    private protected override Topology Load() => TestTopology.LoadOfLab("two-nodes");
}

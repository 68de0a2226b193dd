using System.Diagnostics;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>
/// <c>topologies/unnumbered.clab.yml</c>, deployed for the tests of one class: a router and a node with nothing but
/// link-local addresses on their link.
/// </summary>
public sealed class UnnumberedLab : IAsyncLifetime
{
    private DeployedLab? _lab;

    /// <summary>The router, AS 65100.</summary>
    internal FrrRouter Router => new(Lab, "router1");

    /// <summary>The node, for AS 65001.</summary>
    internal SpeakerNode Node => new(Lab, "node1");

    private DeployedLab Lab
    {
        get
        {
            TestTopology.RequireLab();
            return _lab!;
        }
    }

    /// <summary>Takes the link away and makes it anew: its interfaces get other indexes and other addresses.</summary>
    internal async Task RemakeLink()
    {
        await Node.Run("ip", "link", "delete", "eth1");
        // A namespace's names are known outside of it only.
        using var ip = Process.Start(
            "ip",
            [
                "-n", NamespaceOf(Node), "link", "add", "eth1", "type", "veth",
                "peer", "name", "eth1", "netns", NamespaceOf(Router),
            ]);
        await ip.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, ip.ExitCode);
        await Node.Run("ip", "link", "set", "eth1", "up");
        await Router.Run("ip", "link", "set", "eth1", "up");
    }

    private string NamespaceOf(LabNode node) =>
        Lab.Topology.NamespaceOf(Lab.Topology.Nodes.Single(candidate => candidate.Name == node.Name));

    public async ValueTask InitializeAsync()
    {
        if (TestTopology.Obstacle is null)
            _lab = await TestTopology.DeployAsync(TestTopology.Load("unnumbered"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
            await _lab.DestroyAsync();
    }
}

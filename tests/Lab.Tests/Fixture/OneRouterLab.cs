using AnycastVip.Lab.Tests.Fixture;

[assembly: AssemblyFixture(typeof(OneRouterLab))]

// Labs measure times and share two cores: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>
/// <c>topologies/one-router.clab.yml</c>, deployed once for all tests of the assembly. A test class takes it in its
/// constructor; a test that changes the router's configuration puts it back.
/// </summary>
public sealed class OneRouterLab : IAsyncLifetime
{
    private ObservedLab? _lab;

    /// <summary>The router, AS 65100, at 10.0.1.1 and 2001:db8:1::1.</summary>
    internal FrrRouter Router => new(Lab, "router1");

    /// <summary>The node, for AS 65001, at 10.0.1.2 and 2001:db8:1::2.</summary>
    internal SpeakerNode Node => new(Lab, "node1");

    /// <summary>The deployed lab; where none can be deployed, the running test is skipped with the reason.</summary>
    internal DeployedLab Lab
    {
        get
        {
            TestTopology.RequireLab();
            return _lab!.Lab;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (TestTopology.Obstacle is null)
            _lab = await ObservedLab.DeployAsync(TestTopology.Load("one-router"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
            await _lab.EndAsync();
    }
}

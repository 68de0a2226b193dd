using AnycastVip.Netlab.Model;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A lab that is deployed once for many tests, and whose BGP is judged at its end.</summary>
public abstract class SharedLab : IAsyncLifetime
{
    private ObservedLab? _lab;

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
            _lab = await ObservedLab.DeployAsync(Load());
    }

    public async ValueTask DisposeAsync()
    {
        if (_lab is not null)
            await _lab.EndAsync();
        GC.SuppressFinalize(this);
    }

    private protected abstract Topology Load();
}

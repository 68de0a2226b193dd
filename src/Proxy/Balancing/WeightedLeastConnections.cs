namespace AnycastVip.Proxy.Balancing;

/// <summary>Chooses the backend that would have the fewest connections for its weight with one more.</summary>
internal sealed class WeightedLeastConnections : LowestLoad
{
    protected override double LoadOf(Backend backend, TimeSpan now) => backend.Connections.Value + 1;
}

using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>A pool and its backends.</summary>
internal sealed class PoolUnit(PoolOptions options)
{
    public PoolOptions Options { get; set; } = options;

    public List<BackendUnit> Backends { get; } = [];

    /// <summary>
    /// As the VIPs see it. Without the backups: they bridge the time until routers send the clients elsewhere.
    /// </summary>
    public PoolCount Count()
    {
        var (up, unknown, total) = (0, 0, 0);
        foreach (var backend in Backends.Where(backend => backend is { IsCounted: true, Options.IsBackup: false }))
        {
            total++;
            up += backend.State.State == BackendState.Up ? 1 : 0;
            unknown += backend.State.State == BackendState.Unknown ? 1 : 0;
        }
        return new(Options.Name, up, unknown, total);
    }

    /// <summary>As the proxy shall use it.</summary>
    /// <param name="epoch">Of the gate: generations must grow over its restarts too.</param>
    public TablePool ToTable(ulong epoch) => new(Options,
    [
        .. Backends.Select(backend => new TableBackend(
            backend.Options,
            backend.State.State == BackendState.Unknown ? BackendState.Down : backend.State.State,
            epoch + (ulong)backend.State.Generation)),
    ]);
}

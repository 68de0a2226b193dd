using System.Collections.Immutable;
using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Engine;

/// <summary>Source persistence over the replacement of the process.</summary>
public sealed partial class ProxyEngine
{
    /// <summary>What the pools with source persistence remember: for the engine that takes over.</summary>
    public ImmutableArray<PersistentSources> ExportSources()
    {
        lock (_lock)
        {
            return
            [
                .. from pool in _pools.Values
                   where pool.Spec.Persistence is not null
                   select new PersistentSources(pool.Spec.Name, pool.ExportSources(_shared.Now)),
            ];
        }
    }

    /// <summary>
    /// Remembers what another engine did, once a table is in force: what that does not have is left out, and what the
    /// pools have learned since stands.
    /// </summary>
    public void ImportSources(IEnumerable<PersistentSources> sources)
    {
        lock (_lock)
        {
            foreach (var (pool, known) in sources)
                _pools.GetValueOrDefault(pool)?.ImportSources(known, _shared.Now);
        }
    }
}

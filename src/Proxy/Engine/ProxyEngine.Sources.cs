using System.Collections.Immutable;
using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Engine;

/// <summary>Source persistence over the replacement of the process.</summary>
public sealed partial class ProxyEngine
{
    // By pool; only while a table is taken over.
    private ILookup<string, PersistentSources> _offeredSources = NoSources;

    private static readonly ILookup<string, PersistentSources> NoSources =
        Array.Empty<PersistentSources>().ToLookup(sources => sources.Pool);

    /// <summary>What the pools with source persistence remember: for a successor.</summary>
    internal ImmutableArray<PersistentSources> ExportSources()
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

    private void ImportSources(Pool pool)
    {
        foreach (var sources in _offeredSources[pool.Spec.Name])
            pool.ImportSources(sources.Sources, _shared.Now);
    }
}

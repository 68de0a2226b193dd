using System.Collections.Immutable;

namespace AnycastVip.Proxy.Balancing;

/// <summary>Source persistence: what outlives tables and processes.</summary>
internal sealed partial class Pool
{
    private readonly PersistenceTable? _sources;

    /// <summary>The sources that it remembers; none without persistence.</summary>
    public ImmutableArray<PersistentSource> ExportSources(TimeSpan now)
    {
        var names = _backends.ToDictionary(backend => backend.Slot, backend => backend.Spec.Name);
        return
        [
            .. from entry in _sources?.Export(now) ?? []
               where names.ContainsKey(entry.Slot)
               select new PersistentSource(entry.Source, names[entry.Slot], now - entry.LastUsed),
        ];
    }

    /// <summary>Remembers sources that another process knew. Those of backends that it does not have are left out, and
    /// what it has learned itself stands.</summary>
    public void ImportSources(IEnumerable<PersistentSource> sources, TimeSpan now)
    {
        if (_sources is null)
            return;
        var slots = _backends.ToDictionary(backend => backend.Spec.Name, backend => backend.Slot);
        _sources.Import(
            from source in sources
            where slots.ContainsKey(source.Backend)
            select new SourceEntry(source.Source, slots[source.Backend], now - source.Age));
    }

    private PersistenceTable? SourcesFor(ulong seed, Pool? predecessor)
    {
        if (_spec.Persistence is not { } settings)
            return null;
        if (predecessor?._sources is not { } known)
            return new(settings, seed);
        var kept = _backends.Select(backend => backend.Slot).ToHashSet();
        // To look at every entry holds up those who choose meanwhile: only when a backend has left.
        if (predecessor._backends.Any(backend => !kept.Contains(backend.Slot)))
            known.Forget(kept.Contains);
        if (known.Settings == settings)
            return known;
        var sources = new PersistenceTable(settings, seed);
        sources.Import(known.Export());
        return sources;
    }

    // The backend that the source had last, unless it may not have it again.
    private Backend? ReserveLast(Turn turn)
    {
        if (_sources?.Find(turn.Source, turn.Now) is not { } slot
            || Find(slot) is not { } backend
            || !backend.IsEligible(turn)
            || !backend.Connections.TryReserve(backend.Spec.MaxConnections))
            return null;
        _sources.Remember(turn.Source, slot, turn.Now);
        return backend;
    }
}

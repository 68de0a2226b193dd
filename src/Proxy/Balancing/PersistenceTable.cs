using System.Numerics;

namespace AnycastVip.Proxy.Balancing;

/// <summary>A source that is remembered.</summary>
/// <param name="Source">Its network.</param>
/// <param name="Slot">Its backend.</param>
/// <param name="LastUsed">When its last connection was begun.</param>
internal readonly record struct SourceEntry(SourceAddress Source, ushort Slot, TimeSpan LastUsed);

/// <summary>
/// Which backend each source had last. All of its memory, about 56 octets for a source, is taken when it is made; to
/// find or to remember one takes the same short time, however many there are. The one unused for longest gives its
/// place to a new one: a flood of sources costs others their entries, and nothing else. Safe for many threads: the
/// pools of two tables share it for a moment.
/// </summary>
/// <param name="settings">How long, by which prefixes and how many.</param>
/// <param name="seed">Where an entry is kept depends on it, so that nobody can aim many sources at one chain.</param>
internal sealed class PersistenceTable(SourcePersistence settings, ulong seed)
{
    private const int None = -1;

    private readonly Lock _lock = new();
    private readonly Entry[] _entries = new Entry[settings.MaxEntries];

    // The first entry of each chain as its index and one: 0 is none.
    private readonly int[] _chains = new int[BitOperations.RoundUpToPowerOf2((uint)settings.MaxEntries)];
    private int _count;
    private int _oldest = None;
    private int _newest = None;

    /// <summary>What it was made with.</summary>
    public SourcePersistence Settings => settings;

    /// <summary>The slot of the backend that a source had last; null: none, or too long ago.</summary>
    public ushort? Find(SourceAddress source, TimeSpan now)
    {
        var network = NetworkOf(source);
        lock (_lock)
        {
            var index = IndexOf(network);
            return index == None || _entries[index] is { Slot: None } || IsOver(_entries[index].LastUsed, now)
                ? null
                : (ushort)_entries[index].Slot;
        }
    }

    /// <summary>Remembers which backend a source has now.</summary>
    public void Remember(SourceAddress source, ushort slot, TimeSpan now)
    {
        var network = NetworkOf(source);
        lock (_lock)
        {
            var index = IndexOf(network);
            if (index == None)
                index = Add(network);
            else
                Unlink(index);
            LinkAsNewest(index);
            _entries[index].Slot = slot;
            _entries[index].LastUsed = now;
        }
    }

    /// <summary>Forgets the sources of backends that are not kept. It looks at every entry: 100,000 take
    /// 1 ms.</summary>
    public void Forget(Func<ushort, bool> isKept)
    {
        lock (_lock)
        {
            for (var i = 0; i < _count; i++)
            {
                ref var entry = ref _entries[i];
                if (entry.Slot != None && !isKept((ushort)entry.Slot))
                    entry.Slot = None;
            }
        }
    }

    /// <summary>All that it remembers, the one unused for longest first.</summary>
    /// <param name="now">Those whose time is over by then are left out; null: none is.</param>
    public List<SourceEntry> Export(TimeSpan? now = null)
    {
        lock (_lock)
        {
            var entries = new List<SourceEntry>(_count);
            for (var i = _oldest; i != None; i = _entries[i].Newer)
            {
                var entry = _entries[i];
                if (entry.Slot != None && !(now is { } time && IsOver(entry.LastUsed, time)))
                    entries.Add(new(new(entry.Network), (ushort)entry.Slot, entry.LastUsed));
            }
            return entries;
        }
    }

    /// <summary>Remembers entries of another table, the one unused for longest first. What is known stands.</summary>
    public void Import(IEnumerable<SourceEntry> entries)
    {
        foreach (var entry in entries)
        {
            lock (_lock)
            {
                if (IndexOf(NetworkOf(entry.Source)) == None)
                    Remember(entry.Source, entry.Slot, entry.LastUsed);
            }
        }
    }

    private bool IsOver(TimeSpan lastUsed, TimeSpan now) => now - lastUsed >= settings.TimeToLive;

    private UInt128 NetworkOf(SourceAddress source) =>
        source.Network(settings.IPv4Prefix, settings.IPv6Prefix).Value;

    private ref int ChainOf(UInt128 network) =>
        ref _chains[new SourceAddress(network).Hash(seed) & (ulong)(_chains.Length - 1)];

    private int IndexOf(UInt128 network)
    {
        var index = ChainOf(network) - 1;
        while (index != None && _entries[index].Network != network)
            index = _entries[index].Next;
        return index;
    }

    // A place in its chain, not yet in the order of use.
    private int Add(UInt128 network)
    {
        var index = _count < _entries.Length ? _count++ : TakeOldest();
        ref var chain = ref ChainOf(network);
        _entries[index].Network = network;
        _entries[index].Next = chain - 1;
        chain = index + 1;
        return index;
    }

    private int TakeOldest()
    {
        var index = _oldest;
        Unlink(index);
        ref var chain = ref ChainOf(_entries[index].Network);
        if (chain == index + 1)
        {
            chain = _entries[index].Next + 1;
            return index;
        }
        var before = chain - 1;
        while (_entries[before].Next != index)
            before = _entries[before].Next;
        _entries[before].Next = _entries[index].Next;
        return index;
    }

    private void Unlink(int index)
    {
        var (older, newer) = (_entries[index].Older, _entries[index].Newer);
        if (older == None)
            _oldest = newer;
        else
            _entries[older].Newer = newer;
        if (newer == None)
            _newest = older;
        else
            _entries[newer].Older = older;
    }

    private void LinkAsNewest(int index)
    {
        (_entries[index].Older, _entries[index].Newer) = (_newest, None);
        if (_newest == None)
            _oldest = index;
        else
            _entries[_newest].Newer = index;
        _newest = index;
    }

    private struct Entry
    {
        public UInt128 Network;
        public TimeSpan LastUsed;

        // The next one of its chain.
        public int Next;

        // Its neighbours in the order of use.
        public int Older;
        public int Newer;

        // None: its backend has left.
        public int Slot;
    }
}

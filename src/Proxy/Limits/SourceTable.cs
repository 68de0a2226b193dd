namespace AnycastVip.Proxy.Limits;

/// <summary>
/// What the sources of a listener take, exact over all loops, in memory that does not grow: sets of a few places each,
/// found by a hash. Where a set is full the source is forgotten that holds no connection and has been quiet for
/// longest: the heaviest go last. A source that finds no place is let in uncounted, for the flood that filled the set
/// must not keep others out.
/// </summary>
/// <param name="limits">What is allowed, and what a source is.</param>
/// <param name="version">Names this table: 1–255.</param>
/// <param name="sets">How many sets: a power of two.</param>
internal sealed class SourceTable(SourceLimits limits, byte version, int sets = SourceTable.DefaultSets)
{
    private const int DefaultSets = 8192;
    private const int Ways = 8;
    private const int Shards = 64;
    private const int MappedPrefix = 96;

    private readonly Source[] _sources = new Source[sets * Ways];
    private readonly Lock[] _locks = [.. Enumerable.Range(0, Shards).Select(_ => new Lock())];

    /// <summary>The table for other limits: the same one, unless a source is something else now.</summary>
    public static SourceTable? For(SourceLimits? limits, SourceTable? before)
    {
        if (limits is null)
            return null;
        if (before is null || before.Limits.IPv4Prefix != limits.IPv4Prefix
            || before.Limits.IPv6Prefix != limits.IPv6Prefix)
            return new(limits, (byte)(before is null or { Version: byte.MaxValue } ? 1 : before.Version + 1));
        before.Limits = limits;
        return before;
    }

    public SourceLimits Limits
    {
        get => Volatile.Read(ref limits);
        private set => Volatile.Write(ref limits, value);
    }

    public byte Version => version;

    /// <summary>Lets a connection in, if its source may have one more.</summary>
    /// <param name="address">IPv6, or IPv4 as ::ffff:a.b.c.d.</param>
    /// <param name="isIPv4">Which.</param>
    /// <param name="now">The time.</param>
    /// <param name="isCounted">Whether it is to be released.</param>
    public bool TryAdmit(UInt128 address, bool isIPv4, TimeSpan now, out bool isCounted)
    {
        var (current, key) = (Limits, KeyOf(address, isIPv4));
        var set = SetOf(key);
        isCounted = false;
        lock (_locks[set % Shards])
        {
            var ways = _sources.AsSpan(set * Ways, Ways);
            var place = Find(ways, key);
            if (place < 0 && (place = Clear(ways)) < 0)
                return true;
            ref var source = ref ways[place];
            if (source.Key != key || !source.IsUsed)
                source = new() { Key = key, IsUsed = true };
            if (current.Connections > 0 && source.Connections >= current.Connections)
                return false;
            if (current.Rate > 0 && !source.TryTake(current, now))
                return false;
            source.Connections++;
            return isCounted = true;
        }
    }

    /// <summary>A counted connection has ended.</summary>
    public void Release(UInt128 address, bool isIPv4)
    {
        var key = KeyOf(address, isIPv4);
        var set = SetOf(key);
        lock (_locks[set % Shards])
        {
            // It is there: a source that holds connections is not forgotten.
            var ways = _sources.AsSpan(set * Ways, Ways);
            ways[Find(ways, key)].Connections--;
        }
    }

    // The place of a source that may be forgotten; -1: each holds connections.
    private static int Clear(ReadOnlySpan<Source> ways)
    {
        var quietest = -1;
        for (var place = 0; place < Ways; place++)
        {
            if (!ways[place].IsUsed)
                return place;
            if (ways[place].Connections == 0 && (quietest < 0 || ways[place].PaidUntil < ways[quietest].PaidUntil))
                quietest = place;
        }
        return quietest;
    }

    private static int Find(ReadOnlySpan<Source> ways, UInt128 key)
    {
        for (var place = 0; place < Ways; place++)
        {
            if (ways[place].IsUsed && ways[place].Key == key)
                return place;
        }
        return -1;
    }

    private UInt128 KeyOf(UInt128 address, bool isIPv4)
    {
        var length = isIPv4 ? MappedPrefix + Limits.IPv4Prefix : Limits.IPv6Prefix;
        return address & (UInt128.MaxValue << (128 - length));
    }

    // The hash is seeded: nobody can aim at a set.
    private int SetOf(UInt128 key) => HashCode.Combine(key) & (sets - 1);

    private struct Source
    {
        public UInt128 Key;
        public int Connections;
        public bool IsUsed;

        /// <summary>
        /// The theoretical arrival time of the generic cell rate algorithm (ITU-T I.371), in ticks: every connection
        /// pays for a second's share.
        /// </summary>
        public long PaidUntil;

        public bool TryTake(SourceLimits limits, TimeSpan now)
        {
            var share = TimeSpan.TicksPerSecond / limits.Rate;
            var from = Math.Max(PaidUntil, now.Ticks);
            if (from + share > now.Ticks + limits.Burst * share)
                return false;
            PaidUntil = from + share;
            return true;
        }
    }
}

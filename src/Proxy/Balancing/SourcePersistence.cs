using System.Collections.Immutable;

namespace AnycastVip.Proxy.Balancing;

/// <summary>How long a pool sends a source to the backend that it had last.</summary>
/// <param name="TimeToLive">Since the source's last connection was begun; above 0.</param>
/// <param name="IPv4Prefix">So many bits of an IPv4 address make the source, 1–32.</param>
/// <param name="IPv6Prefix">So many bits of an IPv6 address make the source, 1–128.</param>
/// <param name="MaxEntries">So many sources are remembered, 1–<see cref="MaximumEntries"/>.</param>
public sealed record SourcePersistence(TimeSpan TimeToLive, int IPv4Prefix, int IPv6Prefix, int MaxEntries)
{
    /// <summary>The most sources that a pool may remember.</summary>
    public const int MaximumEntries = 1_000_000;

    /// <summary>What is out of its range, in a few words; null: nothing.</summary>
    public string? FindFault() =>
        TimeToLive <= TimeSpan.Zero ? "a persistence of no time"
        : IPv4Prefix is < 1 or > 32 ? "the IPv4 prefix of its persistence is not 1 to 32"
        : IPv6Prefix is < 1 or > 128 ? "the IPv6 prefix of its persistence is not 1 to 128"
        : MaxEntries is < 1 or > MaximumEntries ? $"the entries of its persistence are not 1 to {MaximumEntries}"
        : null;
}

/// <summary>A source that a pool remembers, as one process tells another.</summary>
/// <param name="Source">Its network.</param>
/// <param name="Backend">The name of the backend that it had last.</param>
/// <param name="Age">Since its last connection was begun.</param>
public readonly record struct PersistentSource(SourceAddress Source, string Backend, TimeSpan Age);

/// <summary>All sources that a pool remembers.</summary>
/// <param name="Pool">Its name.</param>
/// <param name="Sources">The one unused for longest first.</param>
public sealed record PersistentSources(string Pool, ImmutableArray<PersistentSource> Sources);

using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Balancing;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Proxy.Replacement;

/// <summary>The sources that pools remember, as messages of replacement.proto.</summary>
internal static class HandOverSources
{
    // A message has a largest size; a source takes up to about 100 octets.
    private const int SourcesPerMessage = 50_000;

    public static IEnumerable<HandOver> ToMessages(IEnumerable<PersistentSources> pools) =>
        from pool in pools
        from sources in pool.Sources.Chunk(SourcesPerMessage)
        select new HandOver
        {
            Persistence = new() { Pool = pool.Pool, Sources = { sources.Select(ToMessage) } },
        };

    /// <exception cref="IOException">It is another message, or cannot be read.</exception>
    public static PersistentSources Read(HandOver message)
    {
        var persistence = message.Persistence
            ?? throw new IOException("the other process does not say which sources it remembers");
        try
        {
            return new(persistence.Pool, [.. persistence.Sources.Select(Read)]);
        }
        catch (InvalidOperationException error)
        {
            throw new IOException($"the other process offers what cannot be read: {error.Message}", error);
        }
    }

    private static HandOverSource ToMessage(PersistentSource source) => new()
    {
        High = (ulong)(source.Source.Value >> 64),
        Low = (ulong)source.Source.Value,
        Backend = source.Backend,
        Age = source.Age.ToDuration(),
    };

    private static PersistentSource Read(HandOverSource source) => new(
        new(new UInt128(source.High, source.Low)), source.Backend, source.Age?.ToTimeSpan() ?? TimeSpan.Zero);
}

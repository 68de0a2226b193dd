using System.Collections.Immutable;
using System.Net;

namespace AnycastVip.Proxy.Balancing;

/// <summary>What shall be done with a backend.</summary>
public enum BackendState
{
    /// <summary>Takes its share of the new connections.</summary>
    Up,

    /// <summary>No new connections by an operator's wish; the open ones go on.</summary>
    Drain,

    /// <summary>No new connections because it does not serve; the open ones are left to end by themselves.</summary>
    Down,
}

/// <summary>How a pool shares its connections out.</summary>
public enum BalanceAlgorithm
{
    /// <summary>By weight, evenly spread in time.</summary>
    RoundRobin,

    /// <summary>To the backend with the fewest open connections for its weight.</summary>
    LeastConnections,

    /// <summary>To the backend with the lowest product of response time and open connections for its weight.</summary>
    LeastResponseTime,

    /// <summary>To the one of two, drawn by weight, that has fewer open connections for its weight.</summary>
    Random,

    /// <summary>By the client's address, each source to one backend: rendezvous hashing.</summary>
    SourceHash,

    /// <summary>By the client's address, each source to one backend: Maglev's table.</summary>
    Maglev,
}

/// <summary>A backend of a pool.</summary>
public sealed record BackendSpec
{
    /// <summary>Unique within the pool. Counters and limits follow the name, also to another address.</summary>
    public required string Name { get; init; }

    /// <summary>Where it listens; IPv4 or IPv6, whatever family the clients use.</summary>
    public required IPEndPoint Endpoint { get; init; }

    /// <summary>Its share beside the others, 0–1000. 0: no new connections.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Whether it gets new connections.</summary>
    public BackendState State { get; init; }

    /// <summary>Connections held at once, attempts included; 0: no limit. A full backend is passed over.</summary>
    public int MaxConnections { get; init; }

    /// <summary>
    /// Grows each time the backend is taken up again. Observations carry the one under which their attempt was begun,
    /// so that a refusal from before a recovery is known as stale.
    /// </summary>
    public ulong Generation { get; init; }

    /// <summary>
    /// Over this time its weight grows linearly to the full one after it was taken up: when the table first has it, or
    /// has it under another generation. Null: at once.
    /// </summary>
    public TimeSpan? SlowStart { get; init; }

    /// <summary>It gets connections only when no other is eligible.</summary>
    public bool IsBackup { get; init; }
}

/// <summary>Where connections wait while every backend is full: first come, first served.</summary>
/// <param name="Size">How many may wait at once, 1–65,536; one more is reset.</param>
/// <param name="Timeout">How long each may wait, 1 ms – 5 min; then it is reset.</param>
public sealed record QueueSpec(int Size, TimeSpan Timeout)
{
    /// <summary>The most that may wait.</summary>
    public const int MaximumSize = 65_536;
}

/// <summary>By which header of the PROXY protocol a backend learns who the client is.</summary>
public enum SentHeader : byte
{
    /// <summary>None: it sees the proxy's address.</summary>
    None = 0,

    /// <summary>The line of text.</summary>
    Version1 = 1,

    /// <summary>The binary header.</summary>
    Version2 = 2,
}

/// <summary>The backends that a listener shares its connections out to.</summary>
public sealed record PoolSpec
{
    /// <summary>The largest weight of a backend.</summary>
    public const int MaximumWeight = 1000;

    /// <summary>The most retries.</summary>
    public const int MaximumRetries = 16;

    /// <summary>Unique within the table.</summary>
    public required string Name { get; init; }

    /// <summary>How connections are shared out.</summary>
    public BalanceAlgorithm Balance { get; init; }

    /// <summary>By unique name; none: every connection is refused.</summary>
    public ImmutableArray<BackendSpec> Backends { get; init; } = [];

    /// <summary>How long one attempt to connect may take: 1 ms – 5 min.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many other backends are tried after a failed attempt, 0–16. The last of them is a backup, if there is one.
    /// </summary>
    public int ConnectRetries { get; init; } = 2;

    /// <summary>Sends a source to the backend that it had last, whatever the algorithm; null: no.</summary>
    public SourcePersistence? Persistence { get; init; }

    /// <summary>Null: when every backend is full, a connection is reset.</summary>
    public QueueSpec? Queue { get; init; }

    /// <summary>What its backends expect before a client's octets.</summary>
    public SentHeader SendProxyProtocol { get; init; }

    /// <summary>Compares the backends one by one: an array is otherwise equal only to itself.</summary>
    public bool Equals(PoolSpec? other) =>
        other is not null && Name == other.Name && Balance == other.Balance && ConnectTimeout == other.ConnectTimeout
        && ConnectRetries == other.ConnectRetries && Queue == other.Queue
        && SendProxyProtocol == other.SendProxyProtocol && Persistence == other.Persistence
        && Backends.AsSpan().SequenceEqual(other.Backends.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Balance, Backends.Length);
}

using System.Collections.Immutable;
using System.Net;

namespace AnycastVip.Proxy.Engine;

/// <summary>How long a listener's connections took, since start; those from this node are left out.</summary>
/// <param name="Endpoint">Names the listener.</param>
/// <param name="FirstOctet">From what the client sent last until the backend's first octet.</param>
/// <param name="Duration">From accepting a connection until it is closed.</param>
public sealed record ListenerLatencies(IPEndPoint Endpoint, LatencySummary FirstOctet, LatencySummary Duration);

/// <summary>How long the connections of a backend, or of a pool's backends together, took since start.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Backend">The backend; empty: all of the pool.</param>
/// <param name="Connect">From the SYN until the connection is established.</param>
/// <param name="FirstOctet">From what the client sent last until the backend's first octet.</param>
/// <param name="Duration">From accepting a connection until it is closed.</param>
public sealed record BackendLatencies(
    string Pool, string Backend, LatencySummary Connect, LatencySummary FirstOctet, LatencySummary Duration);

/// <summary>The latencies of everything that the snapshot has.</summary>
/// <param name="Listeners">One for each.</param>
/// <param name="Pools">One for each pool of the backends.</param>
/// <param name="Backends">One for each.</param>
public sealed record ProxyLatencies(
    ImmutableArray<ListenerLatencies> Listeners,
    ImmutableArray<BackendLatencies> Pools,
    ImmutableArray<BackendLatencies> Backends);

/// <summary>The latencies. They cost more to sum up than the counters: whoever shows them asks for them.</summary>
public sealed partial class ProxyEngine
{
    /// <summary>How long connections took, since start.</summary>
    public ProxyLatencies Latencies()
    {
        lock (_lock)
        {
            return new(
                [.. _listeners.Values.Select(entry => LatenciesOf(entry.Endpoint, entry.Clients.Traffic))],
                [.. _backends.Values.GroupBy(entry => entry.Pool).Select(pool => LatenciesOf(pool.Key, "", pool))],
                [.. _backends.Values.Select(entry => LatenciesOf(entry.Pool, entry.Name, [entry]))]);
        }
    }

    private static ListenerLatencies LatenciesOf(IPEndPoint endpoint, Traffic traffic)
    {
        var filled = traffic.Filled().ToList();
        return new(
            endpoint,
            LatencyHistogram.Summarize([.. filled.Select(latencies => latencies.FirstOctet)]),
            LatencyHistogram.Summarize([.. filled.Select(latencies => latencies.Duration)]));
    }

    private static BackendLatencies LatenciesOf(string pool, string backend, IEnumerable<BackendEntry> entries)
    {
        var filled = entries.SelectMany(entry => entry.Traffic.Filled()).ToList();
        return new(
            pool,
            backend,
            LatencyHistogram.Summarize([.. filled.Select(latencies => latencies.Connect)]),
            LatencyHistogram.Summarize([.. filled.Select(latencies => latencies.FirstOctet)]),
            LatencyHistogram.Summarize([.. filled.Select(latencies => latencies.Duration)]));
    }
}

using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// What the connections of a listener, or to a backend, came to since start. Each loop counts by itself, on cache lines
/// of its own and without a locked instruction; readers sum up.
/// </summary>
/// <param name="loops">How many loops there are.</param>
internal sealed class Traffic(int loops)
{
    private readonly LoopCounts[] _counts = new LoopCounts[loops];
    private readonly Latencies?[] _latencies = new Latencies?[loops];

    /// <summary>Connections: accepted ones of a listener, established ones to a backend.</summary>
    public long Connections => _counts.Sum(counts => counts.Connections);

    /// <summary>Octets passed on to backends.</summary>
    public long OctetsFromClients => _counts.Sum(counts => counts.OctetsFromClients);

    /// <summary>Octets passed on to clients.</summary>
    public long OctetsToClients => _counts.Sum(counts => counts.OctetsToClients);

    /// <summary>Counts a connection, on its loop's thread.</summary>
    public void CountConnection(int loop) => Add(ref _counts[loop].Connections, 1);

    /// <summary>Counts octets that were passed on, on their loop's thread.</summary>
    public void CountOctets(int loop, bool isFromClient, long octets) =>
        Add(ref isFromClient ? ref _counts[loop].OctetsFromClients : ref _counts[loop].OctetsToClients, octets);

    /// <summary>The histograms that a loop fills. They come into being when it first needs them.</summary>
    public Latencies LatenciesOf(int loop)
    {
        if (_latencies[loop] is { } known)
            return known;
        var latencies = new Latencies();
        Volatile.Write(ref _latencies[loop], latencies);
        return latencies;
    }

    /// <summary>The histograms that were filled so far.</summary>
    public IEnumerable<Latencies> Filled()
    {
        for (var i = 0; i < _latencies.Length; i++)
        {
            if (Volatile.Read(ref _latencies[i]) is { } latencies)
                yield return latencies;
        }
    }

    // The loop is the only writer: a plain addition loses nothing, and a reader sees the old number or the new one.
    private static void Add(ref long counter, long value) => Volatile.Write(ref counter, counter + value);

    // Twice a cache line: the used parts of two loops never meet on one, wherever the array begins.
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct LoopCounts
    {
        public long Connections;
        public long OctetsFromClients;
        public long OctetsToClients;
    }
}

/// <summary>How long things took, as one loop saw it.</summary>
internal sealed class Latencies
{
    /// <summary>From the SYN to a backend until the connection is established.</summary>
    public LatencyHistogram Connect { get; } = new();

    /// <summary>From what the client sent last until the backend's first octet.</summary>
    public LatencyHistogram FirstOctet { get; } = new();

    /// <summary>From accepting a connection until it is closed.</summary>
    public LatencyHistogram Duration { get; } = new();
}

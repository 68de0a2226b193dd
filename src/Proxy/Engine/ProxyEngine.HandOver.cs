using System.Collections.Immutable;
using System.Net;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>The listening sockets of one endpoint, which two processes may hold at once.</summary>
/// <param name="Endpoint">Where they listen.</param>
/// <param name="Descriptors">One or more, among which the kernel shares connections out.</param>
internal sealed record ListeningSockets(IPEndPoint Endpoint, ImmutableArray<int> Descriptors);

/// <summary>Connections accepted so far by the listeners of one VIP and pool.</summary>
internal sealed record AcceptedCount(string Vip, string Pool, long Accepted);

/// <summary>Listening sockets go from one engine to its successor in another process.</summary>
public sealed partial class ProxyEngine
{
    private readonly Dictionary<IPEndPoint, ImmutableArray<int>> _offered = [];

    /// <summary>
    /// Those that are open. Whoever gets copies of them accepts from the same backlogs: what waits there is lost only
    /// when the last copy is closed.
    /// </summary>
    internal ImmutableArray<ListeningSockets> ListListeningSockets()
    {
        lock (_lock)
            return [.. _listeners.Values.Select(entry => new ListeningSockets(entry.Endpoint, [.. entry.Sockets]))];
    }

    /// <summary>
    /// Puts the first table in force, with the sockets of another engine. Every one of them is accepted from when this
    /// returns, however many loops the other has: surplus ones are shared out to the loops, lacking ones are opened.
    /// Before the first connection its pools know the sources that those of the other engine remember.
    /// </summary>
    /// <inheritdoc cref="ApplyTable"/>
    internal TableResult TakeOver(
        ProxyTable table, IEnumerable<ListeningSockets> offered, IEnumerable<PersistentSources> sources)
    {
        lock (_lock)
        {
            foreach (var sockets in offered)
                _offered.Add(sockets.Endpoint, sockets.Descriptors);
            _offeredSources = sources.ToLookup(known => known.Pool);
            try
            {
                return ApplyTable(table);
            }
            finally
            {
                // Of endpoints that the table does not have, or that were not reached.
                foreach (var descriptor in _offered.Values.SelectMany(descriptors => descriptors))
                    Libc.CloseDescriptor(descriptor);
                _offered.Clear();
                _offeredSources = NoSources;
            }
        }
    }

    /// <summary>
    /// Closes the listening sockets of which a successor has copies, and leaves to it what waits in their backlogs.
    /// Connections go on. No table may be applied from then on.
    /// </summary>
    /// <exception cref="TimeoutException">A loop does not answer: it closes its own once it turns again.</exception>
    public void StopAccepting()
    {
        lock (_lock)
        {
            var open = _listeners.Values.ToList();
            OnEveryLoop(worker => open.ForEach(worker.LeaveListener));
            open.ForEach(entry => entry.Sockets = []);
        }
    }

    /// <summary>What a successor goes on counting from.</summary>
    internal ImmutableArray<AcceptedCount> ListAccepted()
    {
        lock (_lock)
        {
            return
            [
                .. _listeners.Values.Concat(_retiredListeners)
                    .Select(entry => (entry.Route.Listener.Vip, entry.Route.Listener.Pool,
                        Accepted: entry.Clients.Traffic.Connections))
                    .Concat(_acceptedBefore.Select(gone => (gone.Key.Vip, gone.Key.Pool, Accepted: gone.Value)))
                    .GroupBy(count => (count.Vip, count.Pool), count => count.Accepted)
                    .Select(group => new AcceptedCount(group.Key.Vip, group.Key.Pool, group.Sum())),
            ];
        }
    }

    /// <summary>Counts what a predecessor has accepted as accepted by this engine.</summary>
    internal void AddAccepted(IEnumerable<AcceptedCount> counts)
    {
        lock (_lock)
        {
            foreach (var (vip, pool, accepted) in counts)
                _acceptedBefore[(vip, pool)] = _acceptedBefore.GetValueOrDefault((vip, pool)) + accepted;
        }
    }

    private int[]? OpenSockets(IPEndPoint endpoint, out string reason)
    {
        if (!_offered.Remove(endpoint, out var taken))
            return ListenSockets.TryOpen(endpoint, _loops.Length, out reason);
        reason = "";
        // One loop without a socket of its own is no loss but of evenness.
        var missing = _loops.Length - taken.Length;
        return missing > 0 && ListenSockets.TryOpen(endpoint, missing, out _) is { } opened
            ? [.. taken, .. opened]
            : [.. taken];
    }
}

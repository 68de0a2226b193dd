using System.Collections.Immutable;

namespace AnycastVip.Proxy.Engine;

/// <summary>The open connections: counting, listing and closing them.</summary>
public sealed partial class ProxyEngine
{
    // By the VIP and pool of listeners whose entry is gone, so that what was accepted only grows.
    private readonly Dictionary<(string Vip, string Pool), long> _acceptedBefore = [];

    /// <summary>Counts connections exactly: on every loop, after this call.</summary>
    /// <param name="selector">Which.</param>
    /// <param name="strandedSince">A timestamp of the engine's clock: a connection whose client has sent no packet
    /// since then, not even an acknowledgement, is stranded. Null: none is.</param>
    /// <exception cref="InvalidOperationException">The engine does not run.</exception>
    /// <exception cref="TimeoutException">A loop does not answer.</exception>
    public ConnectionCounts CountConnections(ConnectionSelector selector, long? strandedSince)
    {
        var survey = Survey(selector, strandedSince);
        return new(
            survey.Values.Sum(tally => tally.Fed),
            survey.Values.Sum(tally => tally.Stranded),
            CountAccepted(selector));
    }

    /// <summary>Closes connections, and returns when every loop has done so, or has begun to.</summary>
    /// <param name="selector">Which.</param>
    /// <param name="strandedSince">Only those that are stranded since this timestamp of the engine's clock; null: all
    /// that are selected.</param>
    /// <param name="manner">How; by default all are reset at once.</param>
    /// <returns>How many there were, without those that are being closed already.</returns>
    /// <exception cref="InvalidOperationException">The engine does not run.</exception>
    /// <exception cref="TimeoutException">A loop does not answer; the others have closed theirs.</exception>
    public int CloseConnections(
        ConnectionSelector selector, long? strandedSince, ClosingManner manner = default) =>
        AskEveryLoop(worker => worker.CloseSelected(selector, strandedSince, manner)).Sum();

    /// <summary>The selected connections, summed up by listener and backend.</summary>
    /// <param name="selector">Which.</param>
    /// <param name="strandedSince">As for <see cref="CountConnections"/>.</param>
    /// <exception cref="InvalidOperationException">The engine does not run.</exception>
    /// <exception cref="TimeoutException">A loop does not answer.</exception>
    public ImmutableArray<ConnectionGroup> ListConnections(ConnectionSelector selector, long? strandedSince) =>
        [.. Survey(selector, strandedSince).Select(group => new ConnectionGroup(
            group.Key.Listener.Route.Listener.Vip,
            group.Key.Listener.Endpoint,
            group.Key.Backend.Pool,
            group.Key.Backend.Name,
            group.Value.Fed,
            group.Value.Stranded,
            group.Value.HalfClosed,
            TimeSpan.FromMilliseconds(group.Value.OldestAge),
            TimeSpan.FromMilliseconds(group.Value.LongestIdle)))];

    private ConnectionSurvey Survey(ConnectionSelector selector, long? strandedSince)
    {
        var sum = new ConnectionSurvey();
        foreach (var ((listener, backend), tally) in
            AskEveryLoop(worker => worker.Survey(selector, strandedSince)).SelectMany(survey => survey))
            sum.Of(listener, backend).Add(tally);
        return sum;
    }

    private long CountAccepted(ConnectionSelector selector)
    {
        lock (_lock)
        {
            return _listeners.Values.Concat(_retiredListeners)
                .Where(entry => selector.Selects(entry.Route.Listener.Vip, entry.Route.Listener.Pool))
                .Sum(entry => entry.Clients.Traffic.Connections)
                + _acceptedBefore
                .Where(gone => selector.Selects(gone.Key.Vip, gone.Key.Pool))
                .Sum(gone => gone.Value);
        }
    }

    private T[] AskEveryLoop<T>(Func<LoopWorker, T> question)
    {
        if (!Volatile.Read(ref _isRunning))
            throw NotRunning();
        var answers = new T[_loops.Length];
        OnEveryLoop(worker => answers[worker.Index] = question(worker));
        return answers;
    }
}

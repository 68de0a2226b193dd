using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// Looking at the open connections, on request only: one pass over this loop's, with one getsockopt for each where
/// stranded ones are told apart.
/// </summary>
internal sealed partial class LoopWorker
{
    // The kernel dates packets by ticks, of 10 ms at most: this close to the limit a client counts as fed. Counting it
    // as stranded could call a drain finished too early.
    private static readonly TimeSpan KernelTick = TimeSpan.FromMilliseconds(10);

    /// <summary>Counts the selected connections.</summary>
    public ConnectionSurvey Survey(ConnectionSelector selector, long? strandedSince)
    {
        var survey = new ConnectionSurvey();
        for (var client = _firstClient; client >= 0; client = _table.Connection(client).Next)
        {
            ref var connection = ref _table.Connection(client);
            if (!IsSelected(connection, selector, out var listener, out var backend))
                continue;
            var tally = survey.Of(listener, backend);
            if (IsStranded(client, strandedSince))
                tally.Stranded++;
            else
                tally.Fed++;
            if (HasEnded(client))
                tally.HalfClosed++;
            tally.OldestAge = Math.Max(tally.OldestAge, _loop.Now - connection.AcceptedAt);
            tally.LongestIdle = Math.Max(tally.LongestIdle, _loop.Now - connection.LastActivity);
        }
        return survey;
    }

    private bool IsSelected(
        in Connection connection, ConnectionSelector selector, out ListenerEntry listener, out BackendEntry backend)
    {
        listener = _shared.Listeners[connection.ListenerSlot];
        backend = connection.HasBackend ? _shared.Backends[connection.BackendSlot] : listener.NoBackendYet;
        return !connection.IsLocal && selector.Selects(listener.Route.Listener.Vip, backend);
    }

    private bool IsStranded(int client, long? since) =>
        since is { } start
        && TimeSpan.FromMilliseconds(Libc.SilentMilliseconds(client))
            > _shared.Clock.GetElapsedTime(start) + KernelTick;
}

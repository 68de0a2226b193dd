namespace AnycastVip.Proxy.Engine;

/// <summary>The time-outs of connections that are relayed.</summary>
internal sealed partial class LoopWorker
{
    // What a client sent while its backend was connected to is carried first.
    private const int CarryMilliseconds = 100;

    // Before anything is carried: the relay may end the connection at once.
    private void StartTimeouts(int client)
    {
        ref var connection = ref _table.Connection(client);
        connection.LastActivity = _loop.Now;
        if (NextTimeout(connection, _shared.Listeners[connection.ListenerSlot].Route.Listener, out _) is { } next)
            _timers.Set(client, Math.Max(next, _loop.Now + CarryMilliseconds));
        else
            _timers.Cancel(client);
    }

    private void JudgeTimeouts(int client)
    {
        ref var connection = ref _table.Connection(client);
        var listener = _shared.Listeners[connection.ListenerSlot];
        // The transport does not tell of an end; seen here first, it counts as activity of now.
        if (!connection.IsHalfClosed && HasEnded(client))
            (connection.IsHalfClosed, connection.LastActivity) = (true, _loop.Now);
        if (NextTimeout(connection, listener.Route.Listener, out var kind) is not { } next)
            return;
        if (next > _loop.Now)
        {
            _timers.Set(client, next);
            return;
        }
        Interlocked.Increment(ref listener.CountsOf(connection).CountOf(kind));
        Close(client, reset: true);
    }

    // The loop time at which there is something to judge, and what is over then; null: never.
    private long? NextTimeout(in Connection connection, ListenerSpec spec, out TimeoutKind kind)
    {
        kind = TimeoutKind.Idle;
        long? next = null;
        var times = spec.Timeouts;
        Consider(spec.IdleTimeout, connection.LastActivity, TimeoutKind.Idle, ref next, ref kind);
        Consider(times.Total, connection.AcceptedAt, TimeoutKind.Total, ref next, ref kind);
        if (!connection.ClientSpoke)
            Consider(times.FirstOctet, connection.AcceptedAt, TimeoutKind.FirstOctet, ref next, ref kind);
        var since = connection.IsHalfClosed ? connection.LastActivity : _loop.Now;
        Consider(times.HalfClosed, since, TimeoutKind.HalfClosed, ref next, ref kind);
        return next;
    }

    private static void Consider(
        TimeSpan? time, long since, TimeoutKind kind, ref long? next, ref TimeoutKind nextKind)
    {
        if (time is { } span && since + (long)Math.Ceiling(span.TotalMilliseconds) is var end && !(end >= next))
            (next, nextKind) = (end, kind);
    }

    private bool HasEnded(int client)
    {
        ref var side = ref _table.Side(client);
        return side.Has(SideState.ReadEnded) || side.Has(SideState.WriteEnded);
    }
}

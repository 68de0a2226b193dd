using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Engine;

/// <summary>Waiting for a backend while all are full.</summary>
internal sealed partial class LoopWorker
{
    private readonly AdmissionBox _admissions;

    // By the client's descriptor. A table may give the listener another pool meanwhile.
    private readonly Dictionary<int, PoolQueue> _waiting = new(64);

    // A backend, unless others have waited longer for one.
    private unsafe Backend? Choose(in Connection connection, Pool pool)
    {
        _shared.Admit(pool.Queue);
        if (pool.Queue.Count > 0)
            return null;
        fixed (ushort* tried = connection.Tried)
        {
            return pool.Reserve(
                new(tried, connection.Attempts), Time, IsLastRetry(connection, pool), SourceOf(connection));
        }
    }

    // False when there is nothing to wait for, or no room to wait.
    private unsafe bool TryWait(int client, ListenerCounts counts, Pool pool)
    {
        ref var connection = ref _table.Connection(client);
        fixed (ushort* tried = connection.Tried)
        {
            // None was eligible: what serves and was not tried is full.
            if (pool.Spec.Queue is null || !pool.ServesBesides(new(tried, connection.Attempts)))
                return false;
        }
        if (!pool.Queue.TryEnter(WaiterOf(client), pool.Spec.Queue.Size))
        {
            Interlocked.Increment(ref counts.QueueOverflows);
            return false;
        }
        connection.Phase = ConnectionPhase.Queued;
        _waiting.Add(client, pool.Queue);
        Interlocked.Increment(ref counts.Queued);
        _timers.Set(client, _loop.TimeAfter(pool.Spec.Queue.Timeout));
        // Who released a backend since may not have seen us.
        _shared.Admit(pool.Queue);
        return true;
    }

    private void EndQueueing(int client)
    {
        // False: it has been admitted, and word of it is on its way.
        if (!LeaveQueue(client))
            return;
        ref var connection = ref _table.Connection(client);
        var counts = _shared.Listeners[connection.ListenerSlot].CountsOf(connection);
        Interlocked.Increment(ref counts.QueueTimeouts);
        Interlocked.Increment(ref counts.NoBackend);
        Close(client, reset: true);
    }

    private bool LeaveQueue(int client)
    {
        ref var connection = ref _table.Connection(client);
        if (!_waiting.Remove(client, out var queue))
            return false;
        Interlocked.Decrement(ref _shared.Listeners[connection.ListenerSlot].CountsOf(connection).Queued);
        return queue.TryLeave(WaiterOf(client));
    }

    private void TakeAdmissions()
    {
        while (_admissions.TryTake(out var admission))
        {
            if (!_table.TryFind(admission.Token, out var client))
            {
                // The client did not wait for it.
                _shared.Release(_shared.Backends[admission.Backend.Slot]);
                continue;
            }
            LeaveQueue(client);
            ref var connection = ref _table.Connection(client);
            connection.Phase = ConnectionPhase.Connecting;
            if (!TryAttempt(client, PoolOf(admission.Backend.Slot, connection), admission.Backend))
                TryBackends(client);
        }
    }

    private Waiter WaiterOf(int client) =>
        new(_index, _table.TokenOf(client), SourceOf(_table.Connection(client)));
}

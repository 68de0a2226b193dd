using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>Connecting to a backend, and closing.</summary>
internal sealed partial class LoopWorker
{
    // Tries backends until an attempt is under way. Nothing has been read from the client yet, so any backend will do.
    private void TryBackends(int client)
    {
        ref var connection = ref _table.Connection(client);
        var listener = _shared.Listeners[connection.ListenerSlot];
        var counts = listener.CountsOf(connection);
        if (PoolOf(client, listener.Route) is not { } pool)
        {
            Interlocked.Increment(ref counts.Unrouted);
            Close(client, reset: true);
            return;
        }
        while (connection.Attempts <= pool.Spec.ConnectRetries)
        {
            if (Choose(connection, pool) is { } backend)
            {
                if (TryAttempt(client, pool, backend))
                    return;
            }
            else if (TryWait(client, counts, pool))
                return;
            else
                break;
        }
        Interlocked.Increment(ref counts.NoBackend);
        Close(client, reset: true);
    }

    // On a backend that holds the connection's count; false when it failed at once.
    private unsafe bool TryAttempt(int client, Pool pool, Backend backend)
    {
        ref var connection = ref _table.Connection(client);
        if (connection.Attempts > 0)
            Interlocked.Increment(ref _shared.Backends[backend.Slot].Retries);
        connection.Tried[connection.Attempts++] = backend.Slot;
        connection.HasBackend = true;
        connection.BackendSlot = backend.Slot;
        connection.BackendGeneration = backend.Spec.Generation;
        connection.SentHeader = pool.Spec.SendProxyProtocol;
        connection.AttemptStarted = _shared.Clock.GetTimestamp();
        var result = BeginAttempt(client, backend, out var isConnected);
        if (result < 0)
        {
            EndAttempt(client, KindOf(-result), -result);
            return false;
        }
        if (isConnected)
            OnConnected(client, 0);
        else
            _timers.Set(client, _loop.TimeAfter(pool.Spec.ConnectTimeout));
        return true;
    }

    // A dead node's backends all fail: the last retry goes where others serve, if there is such a place.
    private static bool IsLastRetry(in Connection connection, Pool pool) =>
        connection.Attempts > 0 && connection.Attempts == pool.Spec.ConnectRetries;

    // Sends the SYN: 0, or -errno.
    private int BeginAttempt(int client, Backend backend, out bool isConnected)
    {
        var socket = BackendSocket.Connect(backend.Spec.Endpoint, out isConnected);
        if (socket < 0)
            return socket;
        if (socket >= _table.Capacity)
        {
            Libc.CloseDescriptor(socket);
            return -Errno.TooManyOpenFiles;
        }
        SocketTuning.Tune(socket, _shared.Listeners[_table.Connection(client).ListenerSlot].Route.Listener);
        _table.Open(socket, SideKind.Backend, client);
        _table.Side(client).Partner = socket;
        return Transport.Connect(socket, isConnected);
    }

    public void OnConnected(int client, int errno)
    {
        if (errno == 0)
            errno = SendHeader(client);
        if (errno != 0)
        {
            EndAttempt(client, KindOf(errno), errno);
            TryBackends(client);
            return;
        }
        ref var connection = ref _table.Connection(client);
        connection.Phase = ConnectionPhase.Relaying;
        Observe(ref connection, ObservationKind.Connected, 0);
        StartTimeouts(client);
        if (connection.HeaderLength > 0)
            Transport.Skip(client, connection.HeaderLength);
        Transport.Relay(client);
    }

    // The attempt failed: the connection is without a backend again.
    private void EndAttempt(int client, ObservationKind kind, int errno)
    {
        ref var connection = ref _table.Connection(client);
        Observe(ref connection, kind, errno);
        ReleaseBackend(client, ref connection, reset: false);
    }

    private void ReleaseBackend(int client, ref Connection connection, bool reset)
    {
        ref var side = ref _table.Side(client);
        if (side.Partner >= 0)
        {
            Transport.Close(side.Partner, reset);
            side.Partner = -1;
        }
        if (connection.HasBackend)
        {
            connection.HasBackend = false;
            _shared.Release(_shared.Backends[connection.BackendSlot]);
        }
    }

    private void Close(int client, bool reset)
    {
        ref var connection = ref _table.Connection(client);
        _timers.Cancel(client);
        CountEnd(connection);
        ReleaseBackend(client, ref connection, reset);
        LeaveQueue(client);
        if (_closing.Count > 0)
            _closing.Remove(client);
        connection.Phase = ConnectionPhase.None;
        Unlink(connection);
        // Once the descriptor is closed the entry may be another connection's.
        var listener = _shared.Listeners[connection.ListenerSlot];
        var counts = listener.CountsOf(connection);
        ReleaseSource(connection, listener);
        Transport.Close(client, reset);
        Release(counts);
    }

    private void Observe(ref Connection connection, ObservationKind kind, int errno)
    {
        var backend = _shared.Backends[connection.BackendSlot];
        var now = _shared.Clock.GetTimestamp();
        var taken = _shared.Clock.GetElapsedTime(connection.AttemptStarted, now);
        if (kind == ObservationKind.Connected)
            CountConnected(connection, taken);
        else
            backend.Count(kind);
        if (kind is ObservationKind.Connected or ObservationKind.TimedOut)
            Measure(connection, ResponsePart.Connect);
        if (ToOutcome(kind) is { } succeeded)
            PoolOf(connection.BackendSlot, connection).Report(backend.Slot, succeeded, Time);
        _shared.Observations.Write(new(
            kind,
            backend.Pool,
            backend.Name,
            connection.BackendGeneration,
            now,
            taken,
            errno));
    }

    // What an attempt says of the backend; null: nothing. A reset comes after it.
    private static bool? ToOutcome(ObservationKind kind) => kind switch
    {
        ObservationKind.Connected => true,
        ObservationKind.Refused or ObservationKind.TimedOut or ObservationKind.Unreachable => false,
        _ => null,
    };

    private static ObservationKind KindOf(int errno) => errno switch
    {
        Errno.ConnectionRefused => ObservationKind.Refused,
        Errno.ConnectionReset => ObservationKind.Reset,
        Errno.TimedOut => ObservationKind.TimedOut,
        _ when Errno.IsLocalShortage(errno) => ObservationKind.Local,
        _ => ObservationKind.Unreachable,
    };
}

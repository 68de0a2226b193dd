using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// The policy of one loop: whom to accept, which backend to try, when to give up. The octets themselves are the relay's
/// work. This part holds the events; the others accept, connect and close.
/// </summary>
internal sealed partial class LoopWorker : ILoopHandler, IDisposable
{
    private readonly int _index;
    private readonly Shared _shared;
    private readonly ConnectionTable _table;
    private readonly EventLoop _loop;
    private readonly Relay _relay;
    private readonly TimerWheel _timers;
    private readonly Queue<ulong> _unfinished = new(1024);
    private int _count;
    private int _firstClient = -1;
    private long? _stopAt;

    public unsafe LoopWorker(int index, Shared shared, EventLoop loop)
    {
        _index = index;
        _shared = shared;
        _table = shared.Table;
        _loop = loop;
        _relay = new(_table);
        _timers = new(_table.Timers);
        _timers.Advance(loop.Now);
    }

    /// <summary>From 0.</summary>
    public int Index => _index;

    /// <summary>Open connections of this loop.</summary>
    public int Connections => Volatile.Read(ref _count);

    /// <summary>Connections that were reset because the time for stopping was over.</summary>
    public int ResetAtStop { get; private set; }

    public bool IsDone { get; private set; }

    private TimeSpan Time => TimeSpan.FromMilliseconds(_loop.Now);

    /// <summary>Accepts no more, and ends the loop once its connections have ended or the time is over.</summary>
    /// <param name="bound">How long its connections may go on.</param>
    public void Stop(TimeSpan bound)
    {
        foreach (var listener in _listeners.Values.ToList())
            RemoveListener(listener.Entry);
        _stopAt = _loop.TimeAfter(bound);
    }

    public void OnEvent(int fd, Readiness readiness)
    {
        ref var side = ref _table.Side(fd);
        if (side.Kind == SideKind.Listener)
        {
            Accept(_listeners[fd]);
            return;
        }
        if ((readiness & (Readiness.PeerClosed | Readiness.HangUp | Readiness.Error)) != 0)
            side.State |= SideState.Readable | SideState.Ending;
        else if ((readiness & Readiness.Readable) != 0)
            side.State |= SideState.Readable;

        var client = side.Kind == SideKind.Client ? fd : side.Partner;
        switch (_table.Connection(client).Phase)
        {
            case ConnectionPhase.Waiting:
                OnEventWhileWaiting(client, readiness);
                break;
            case ConnectionPhase.Connecting:
                OnEventWhileConnecting(client, side.Kind, readiness);
                break;
            default:
                OnEventWhileRelaying(client, fd, readiness);
                break;
        }
    }

    public long OnTurn()
    {
        // Only those that were queued before: a fast stream queues itself again.
        for (var turns = _unfinished.Count; turns > 0; turns--)
        {
            if (!_table.TryFind(_unfinished.Dequeue(), out var fd))
                continue;
            ref var side = ref _table.Side(fd);
            side.State &= ~SideState.Queued;
            Carry(side.Kind == SideKind.Client ? fd : side.Partner, fd);
            _loop.RunPosted();
        }
        _timers.Advance(_loop.Now);
        while (_timers.TryTakeDue(out var client))
            OnTimer(client);
        var next = Math.Min(RetryPausedListeners(), _timers.NextTick);
        if (_stopAt is { } end)
            next = Math.Min(next, FinishStop(end));
        return _unfinished.Count > 0 ? _loop.Now : next;
    }

    public void Dispose() => _relay.Dispose();

    private long FinishStop(long end)
    {
        if (_loop.Now >= end)
        {
            ResetAtStop = _count;
            while (_firstClient >= 0)
                Close(_firstClient, reset: true);
        }
        IsDone = _count == 0;
        return end;
    }

    private void OnEventWhileConnecting(int client, SideKind kind, Readiness readiness)
    {
        const Readiness over = Readiness.Error | Readiness.HangUp;
        if (kind == SideKind.Backend && (readiness & (over | Readiness.Writable)) != 0)
            FinishAttempt(client);
        else if (kind == SideKind.Client && (readiness & over) != 0)
            Close(client, reset: true);
    }

    private void OnEventWhileRelaying(int client, int fd, Readiness readiness)
    {
        ref var side = ref _table.Side(fd);
        // The end was read long ago, so no receive call will find this reset.
        if ((readiness & (Readiness.Error | Readiness.HangUp)) != 0 && side.Has(SideState.ReadEnded))
        {
            Fail(client, fd, Libc.TakeError(fd));
            return;
        }
        var hasRoom = (readiness & Readiness.Writable) != 0 && _table.Side(side.Partner).PendingLength > 0;
        if (hasRoom && !Carry(client, side.Partner))
            return;
        if (side.Has(SideState.Readable))
            Carry(client, fd);
    }

    private void OnTimer(int client)
    {
        ref var connection = ref _table.Connection(client);
        if (connection.Phase == ConnectionPhase.Waiting)
        {
            EndWait(client);
            return;
        }
        if (connection.Phase == ConnectionPhase.Connecting)
        {
            EndAttempt(client, ObservationKind.TimedOut, Errno.TimedOut);
            TryBackends(client);
            return;
        }
        var listener = _shared.Listeners[connection.ListenerSlot];
        if (listener.Route.Listener.IdleTimeout is not { } idle)
            return;
        var end = connection.LastActivity + (long)idle.TotalMilliseconds;
        if (end > _loop.Now)
        {
            _timers.Set(client, end);
            return;
        }
        Interlocked.Increment(ref listener.CountsOf(connection).IdleTimeouts);
        Close(client, reset: true);
    }

    // Carries octets from one side to its partner and draws the conclusions; false when the connection is gone.
    private bool Carry(int client, int source)
    {
        var outcome = _relay.Pump(source, out var octets);
        if (octets > 0)
            Count(client, source, octets);
        ref var from = ref _table.Side(source);
        switch (outcome)
        {
            case RelayOutcome.Unfinished when !from.Has(SideState.Queued):
                from.State |= SideState.Queued;
                _unfinished.Enqueue(_table.TokenOf(source));
                return true;
            case RelayOutcome.Ended when from.Has(SideState.WriteEnded):
                Close(client, reset: false);
                return false;
            case RelayOutcome.SourceFailed:
                Fail(client, source, Errno.ConnectionReset);
                return false;
            case RelayOutcome.SinkFailed:
                // A server that answers and resets at once (it did not want the rest) has still answered. The write
                // took the error, so the answer seems to end in order: that end must not be passed on.
                from.State |= SideState.WriteEnded;
                _relay.Pump(from.Partner, out octets);
                if (octets > 0)
                    Count(client, from.Partner, octets);
                Fail(client, from.Partner, Errno.ConnectionReset);
                return false;
            default:
                return true;
        }
    }

    // One side is broken: the other learns it the same way, by a reset.
    private void Fail(int client, int broken, int errno)
    {
        ref var connection = ref _table.Connection(client);
        if (broken != client && !connection.BackendSpoke)
            Observe(ref connection, ObservationKind.Reset, errno);
        Close(client, reset: true);
    }

    private void Count(int client, int source, long octets)
    {
        ref var connection = ref _table.Connection(client);
        connection.LastActivity = _loop.Now;
        var listener = _shared.Listeners[connection.ListenerSlot].CountsOf(connection);
        var backend = _shared.Backends[connection.BackendSlot];
        if (source == client)
        {
            Interlocked.Add(ref listener.OctetsFromClients, octets);
            Interlocked.Add(ref backend.OctetsToBackend, octets);
            return;
        }
        connection.BackendSpoke = true;
        Interlocked.Add(ref listener.OctetsToClients, octets);
        Interlocked.Add(ref backend.OctetsFromBackend, octets);
    }
}

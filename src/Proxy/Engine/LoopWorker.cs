using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// The policy of one loop: whom to accept, which backend to try, when to give up. The octets themselves are the relay's
/// work. This part holds the events; the others accept, connect and close.
/// </summary>
internal sealed partial class LoopWorker : ILoopHandler, ITransportHandler
{
    private readonly int _index;
    private readonly Shared _shared;
    private readonly ConnectionTable _table;
    private readonly EventLoop _loop;
    private readonly TimerWheel _timers;
    private int _count;
    private int _firstClient = -1;
    private long? _stopAt;

    public unsafe LoopWorker(int index, Shared shared, EventLoop loop)
    {
        _index = index;
        _shared = shared;
        _table = shared.Table;
        _loop = loop;
        Transport = Transports.Open(shared.Transport, _table, this, out var used, out var reason);
        (TransportKind, TransportReason) = (used, reason);
        _timers = new(_table.Timers);
        _timers.Advance(loop.Now);
        shared.Admissions[index] = _admissions = new(loop.Wake);
    }

    public ITransport Transport { get; }

    /// <summary>What the transport is; never Auto.</summary>
    public TransportKind TransportKind { get; }

    /// <summary>Why it is not io_uring; empty when it is, or was not to be.</summary>
    public string TransportReason { get; }

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
        foreach (var entry in _listeners.Values.Select(listener => listener.Entry).Distinct().ToList())
            RemoveListener(entry);
        _stopAt = _loop.TimeAfter(bound);
    }

    public long OnTurn()
    {
        _timers.Advance(_loop.Now);
        while (_timers.TryTakeDue(out var client))
            OnTimer(client);
        TakeAdmissions();
        var next = Math.Min(RetryPausedListeners(), _timers.NextTick);
        if (_stopAt is { } end)
            next = Math.Min(next, FinishStop(end));
        return next;
    }

    public void OnEnded(int client) => Close(client, reset: false);

    // The other side learns it the same way, by a reset.
    public void OnFailed(int client, int broken, int errno)
    {
        ref var connection = ref _table.Connection(client);
        if (broken != client && !connection.BackendSpoke && !IsClosing(client))
            Observe(ref connection, ObservationKind.Reset, errno);
        Close(client, reset: true);
    }

    public void OnCarried(int client, int source, long octets)
    {
        ref var connection = ref _table.Connection(client);
        connection.LastActivity = _loop.Now;
        CountCarried(connection, source == client, octets);
        if (source == client)
        {
            connection.ClientSpoke = true;
            if (!connection.BackendSpoke)
                connection.AttemptStarted = _shared.Clock.GetTimestamp();
            return;
        }
        if (connection.BackendSpoke)
            return;
        Measure(connection, ResponsePart.FirstOctet);
        connection.BackendSpoke = true;
        CountFirstOctet(connection);
    }

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

    private void OnTimer(int client)
    {
        ref var connection = ref _table.Connection(client);
        if (connection.Phase == ConnectionPhase.Waiting)
        {
            Admit(client);
            return;
        }
        if (connection.Phase == ConnectionPhase.Prologue)
        {
            EndPrologue(client);
            return;
        }
        if (connection.Phase == ConnectionPhase.Queued)
        {
            EndQueueing(client);
            return;
        }
        if (connection.Phase == ConnectionPhase.Connecting)
        {
            EndAttempt(client, ObservationKind.TimedOut, Errno.TimedOut);
            TryBackends(client);
            return;
        }
        if (IsClosing(client))
            GoOnClosing(client);
        else
            JudgeTimeouts(client);
    }
}

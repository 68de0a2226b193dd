namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>Virtual time: what is to happen, in order, and where randomness comes from.</summary>
internal sealed class NodeClock(ulong seed)
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _queue = new();
    private readonly Dictionary<string, TimeSpan> _channels = [];
    private readonly Queue<string> _trace = [];
    private long _order;

    public TimeSpan Now { get; private set; }

    public Random Random { get; } = new((int)seed);

    /// <summary>Lines of the trace that are kept.</summary>
    public int TraceLines { get; init; } = 60;

    public bool IsTracing => TraceLines > 0;

    public string TraceText => string.Join('\n', _trace);

    /// <summary>A random time up to so many milliseconds.</summary>
    public TimeSpan UpTo(double milliseconds) => TimeSpan.FromMilliseconds(Random.NextDouble() * milliseconds);

    public bool Chance(int oneIn) => Random.Next(oneIn) == 0;

    public void After(TimeSpan delay, Action act) => _queue.Enqueue(act, (Now + delay, ++_order));

    /// <summary>Messages of one channel arrive in order.</summary>
    public void Send(string channel, double milliseconds, Action act)
    {
        var at = Now + UpTo(milliseconds);
        if (_channels.TryGetValue(channel, out var last) && at < last)
            at = last;
        _channels[channel] = at;
        _queue.Enqueue(act, (at, ++_order));
    }

    public bool Step(TimeSpan until)
    {
        if (!_queue.TryPeek(out _, out var next) || next.At > until)
        {
            Now = until > Now ? until : Now;
            return false;
        }
        var act = _queue.Dequeue();
        Now = next.At > Now ? next.At : Now;
        act();
        return true;
    }

    /// <summary>The node sleeps: whatever was due meanwhile comes late, all at once.</summary>
    public void Suspend(TimeSpan time) => Now += time;

    public void Trace(FormattableString line)
    {
        if (!IsTracing)
            return;
        _trace.Enqueue($"{Now.TotalSeconds:0.0000} {FormattableString.Invariant(line)}");
        if (_trace.Count > TraceLines)
            _trace.Dequeue();
    }
}

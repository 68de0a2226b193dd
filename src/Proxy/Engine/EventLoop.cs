using System.Collections.Concurrent;

namespace AnycastVip.Proxy.Engine;

/// <summary>What a loop drives. Everything is called on the loop's thread.</summary>
internal interface ILoopHandler
{
    /// <summary>Where its events come from. The loop disposes of it.</summary>
    ITransport Transport { get; }

    /// <summary>A batch of events is done.</summary>
    /// <returns>When to come back at the latest, in loop time; MaxValue for no sooner than the next event.</returns>
    long OnTurn();

    /// <summary>Whether the loop shall end.</summary>
    bool IsDone { get; }
}

/// <summary>One thread that waits for its transport's events and has them handled, and does what is posted.</summary>
internal sealed class EventLoop : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Thread _thread;
    private readonly ILoopHandler _handler;
    private readonly ITransport _transport;
    private long _turns;
    private long _longestTurn;

    public EventLoop(string name, TimeProvider clock, Func<EventLoop, ILoopHandler> handler)
    {
        _clock = clock;
        Now = Milliseconds();
        _handler = handler(this);
        _transport = _handler.Transport;
        _thread = new(Run) { Name = name, IsBackground = true };
    }

    /// <summary>Loop time in ms, as of the last wait's end.</summary>
    public long Now { get; private set; }

    /// <summary>The loop time at which a span that begins now has surely passed.</summary>
    public long TimeAfter(TimeSpan span) => Milliseconds() + (long)Math.Ceiling(span.TotalMilliseconds) + 1;

    public long Turns => Volatile.Read(ref _turns);

    public TimeSpan LongestTurn => _clock.GetElapsedTime(0, Volatile.Read(ref _longestTurn));

    public void Start() => _thread.Start();

    /// <summary>Waits until the handler is done; at once if the loop was never started.</summary>
    public void Join()
    {
        if ((_thread.ThreadState & ThreadState.Unstarted) == 0)
            _thread.Join();
    }

    /// <summary>Lets the loop run an action between two events; from any thread.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        Wake();
    }

    /// <summary>Makes the loop turn; from any thread.</summary>
    public void Wake() => _transport.Wake();

    public void Dispose() => _transport.Dispose();

    private void Run()
    {
        _transport.Start();
        var next = long.MaxValue;
        while (!_handler.IsDone)
        {
            var count = _transport.Wait(WaitTime(next));
            var start = _clock.GetTimestamp();
            Now = Milliseconds();
            for (var i = 0; i < count; i++)
            {
                _transport.Handle(i);
                RunPosted();
            }
            next = _handler.OnTurn();
            Volatile.Write(ref _longestTurn, Math.Max(_longestTurn, _clock.GetTimestamp() - start));
            Volatile.Write(ref _turns, _turns + 1);
        }
        // What the last turn asked for.
        _transport.Wait(0);
    }

    // Between any two pieces of work: a turn with many busy streams is long, and heartbeats hang on the answer.
    private void RunPosted()
    {
        while (_posted.TryDequeue(out var action))
            action();
    }

    private int WaitTime(long next) =>
        next == long.MaxValue ? -1 : (int)Math.Clamp(next - Milliseconds(), 0, int.MaxValue);

    private long Milliseconds() => _clock.GetTimestamp() / (_clock.TimestampFrequency / 1000);
}

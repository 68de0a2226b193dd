using System.Collections.Concurrent;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>What a loop drives. Everything is called on the loop's thread.</summary>
internal interface ILoopHandler
{
    /// <summary>Something happened to a descriptor.</summary>
    void OnEvent(int fd, Readiness readiness);

    /// <summary>A batch of events is done.</summary>
    /// <returns>When to come back at the latest, in loop time; MaxValue for no sooner than the next event.</returns>
    long OnTurn();

    /// <summary>Whether the loop shall end.</summary>
    bool IsDone { get; }
}

/// <summary>One thread that waits for events of its own descriptors and hands them out.</summary>
internal sealed class EventLoop : IDisposable
{
    private const ulong WakeToken = ulong.MaxValue;

    private readonly ConnectionTable _table;
    private readonly TimeProvider _clock;
    private readonly Epoll _epoll = new();
    private readonly int _wake = Libc.OpenEvent();
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly Thread _thread;
    private readonly ILoopHandler _handler;
    private long _turns;
    private long _longestTurn;

    public EventLoop(string name, ConnectionTable table, TimeProvider clock, Func<EventLoop, ILoopHandler> handler)
    {
        _table = table;
        _clock = clock;
        _epoll.Watch(_wake, Readiness.Readable, WakeToken);
        Now = Milliseconds();
        _handler = handler(this);
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
        Libc.SignalEvent(_wake);
    }

    /// <summary>Starts to report a descriptor's events, as <paramref name="readiness"/> says; 0 or -errno.</summary>
    public int Watch(int fd, Readiness readiness) => _epoll.Watch(fd, readiness, _table.TokenOf(fd));

    /// <summary>Changes what is reported.</summary>
    public void Rewatch(int fd, Readiness readiness) => _epoll.Rewatch(fd, readiness, _table.TokenOf(fd));

    public void Dispose()
    {
        _epoll.Dispose();
        Libc.CloseDescriptor(_wake);
    }

    private void Run()
    {
        var next = long.MaxValue;
        while (!_handler.IsDone)
        {
            var count = _epoll.Wait(WaitTime(next));
            var start = _clock.GetTimestamp();
            Now = Milliseconds();
            for (var i = 0; i < count; i++)
            {
                var (token, readiness) = _epoll[i];
                if (token == WakeToken)
                    Libc.ClearEvent(_wake);
                else if (_table.TryFind(token, out var fd))
                    _handler.OnEvent(fd, readiness);
                RunPosted();
            }
            next = _handler.OnTurn();
            Volatile.Write(ref _longestTurn, Math.Max(_longestTurn, _clock.GetTimestamp() - start));
            Volatile.Write(ref _turns, _turns + 1);
        }
    }

    /// <summary>
    /// Runs what was posted. Between any two pieces of work: a turn with many busy streams is long, and heartbeats hang
    /// on the answer.
    /// </summary>
    public void RunPosted()
    {
        while (_posted.TryDequeue(out var action))
            action();
    }

    private int WaitTime(long next) =>
        next == long.MaxValue ? -1 : (int)Math.Clamp(next - Milliseconds(), 0, int.MaxValue);

    private long Milliseconds() => _clock.GetTimestamp() / (_clock.TimestampFrequency / 1000);
}

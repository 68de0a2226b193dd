using System.Threading.Channels;

namespace AnycastVip.HealthGate.Runtime;

/// <summary>One reader of events as they happen. Nobody waits for it: what it is too slow for it loses.</summary>
public sealed class EventFollower : IDisposable
{
    /// <summary>Events that are kept for it at once.</summary>
    public const int MaximumUnread = 1000;

    private readonly EventQuery _query;
    private readonly Action<EventFollower> _forget;
    private readonly Channel<LoggedEvent> _unread;
    private long _lost;

    internal EventFollower(EventQuery query, EventPage first, Action<EventFollower> forget)
    {
        (_query, First, _forget) = (query, first, forget);
        _unread = Channel.CreateBounded<LoggedEvent>(
            new BoundedChannelOptions(MaximumUnread)
            {
                FullMode = BoundedChannelFullMode.DropOldest,
                SingleReader = true,
            },
            _ => Interlocked.Increment(ref _lost));
    }

    /// <summary>What the log held when the following began.</summary>
    public EventPage First { get; }

    /// <summary>Each wanted event after <see cref="First"/>. Ends when the log is closed.</summary>
    public ChannelReader<LoggedEvent> Events => _unread.Reader;

    /// <summary>How many events were lost since the last call.</summary>
    public ulong TakeLost() => (ulong)Interlocked.Exchange(ref _lost, 0);

    /// <summary>Ends the following.</summary>
    public void Dispose()
    {
        _forget(this);
        End();
    }

    internal void Tell(LoggedEvent happened)
    {
        if (_query.Accepts(happened))
            _unread.Writer.TryWrite(happened);
    }

    internal void End() => _unread.Writer.TryComplete();
}

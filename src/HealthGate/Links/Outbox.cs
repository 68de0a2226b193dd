using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace AnycastVip.HealthGate.Links;

/// <summary>
/// What waits to be written on one stream. A whole state replaces the one that still waits, a heartbeat waits once, and
/// orders wait in a queue of bounded length. Many fill it, one empties it.
/// </summary>
internal sealed class Outbox<T>(T heartbeat)
    where T : class
{
    /// <summary>Orders that wait at once.</summary>
    public const int MaximumWaiting = 256;

    private readonly Lock _lock = new();
    private readonly Queue<T> _orders = [];
    private readonly TaskCompletionSource<string> _abandoned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    // Synchronously: a withdraw is written by the thread that decided on it, without waiting for another one to wake.
    private readonly Channel<bool> _more = Channel.CreateBounded<bool>(new BoundedChannelOptions(1)
    {
        FullMode = BoundedChannelFullMode.DropWrite,
        SingleReader = true,
        AllowSynchronousContinuations = true,
    });
    private T? _state;
    private bool _isHeartbeatDue;

    /// <summary>Ends when the stream shall be given up, with the reason in one line.</summary>
    public Task<string> Abandoned => _abandoned.Task;

    /// <summary>Writes a state before all else.</summary>
    public void Replace(T state)
    {
        lock (_lock)
            _state = state;
        _more.Writer.TryWrite(true);
    }

    /// <summary>Writes an order after those before it. Too many of them: the stream is given up.</summary>
    public void Add(T order)
    {
        lock (_lock)
        {
            if (_orders.Count == MaximumWaiting)
            {
                Abandon($"{MaximumWaiting} orders were not taken; the process may be hung");
                return;
            }
            _orders.Enqueue(order);
        }
        _more.Writer.TryWrite(true);
    }

    /// <summary>Writes a heartbeat when nothing else waits.</summary>
    public void Beat()
    {
        lock (_lock)
            _isHeartbeatDue = true;
        _more.Writer.TryWrite(true);
    }

    /// <summary>Gives the stream up.</summary>
    public void Abandon(string reason) => _abandoned.TrySetResult(reason);

    /// <summary>Nothing more comes: what waits is still written, then the stream is ended.</summary>
    public void Complete() => _more.Writer.TryComplete();

    /// <summary>What is to be written, in its order, until <see cref="Complete"/>.</summary>
    public async IAsyncEnumerable<T> ReadAllAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        do
        {
            while (TryTake(out var next))
                yield return next;
        }
        while (await _more.Reader.WaitToReadAsync(cancel) && _more.Reader.TryRead(out _));
    }

    private bool TryTake([NotNullWhen(true)] out T? next)
    {
        lock (_lock)
        {
            if (_state is not null)
                (next, _state) = (_state, null);
            else if (!_orders.TryDequeue(out next) && _isHeartbeatDue)
                (next, _isHeartbeatDue) = (heartbeat, false);
        }
        return next is not null;
    }
}

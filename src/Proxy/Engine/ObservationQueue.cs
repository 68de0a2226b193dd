using System.Threading.Channels;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// Observations on their way from the loops to one reader. Bounded and without locks: a loop never waits for the
/// reader, and what finds no room is counted and dropped. Successes take at most half of the room, and wake the reader
/// only when half of that is full, so that they can neither crowd out nor delay a failure.
/// </summary>
public sealed class ObservationQueue
{
    private readonly Cell[] _cells;
    private readonly int _mask;
    // One signal for however many failures: the reader reads until nothing is left.
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private long _head;
    private long _tail;
    private long _dropped;

    /// <param name="capacity">A power of two.</param>
    internal ObservationQueue(int capacity)
    {
        _cells = new Cell[capacity];
        _mask = capacity - 1;
        for (var i = 0; i < capacity; i++)
            _cells[i].Sequence = i;
    }

    /// <summary>How many observations found no room.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Takes the oldest observation. For one reader at a time.</summary>
    public bool TryRead(out Observation observation)
    {
        ref var cell = ref _cells[_head & _mask];
        if (Volatile.Read(ref cell.Sequence) != _head + 1)
        {
            observation = default;
            return false;
        }
        observation = cell.Item;
        // The cell's next turn is one round later.
        Volatile.Write(ref cell.Sequence, _head + _cells.Length);
        Volatile.Write(ref _head, _head + 1);
        return true;
    }

    /// <summary>
    /// Completes after a failure was written, one before this call included; <see cref="TryRead"/> may all the same
    /// find nothing. For one reader at a time.
    /// </summary>
    public async ValueTask WaitAsync(CancellationToken cancel) => await _signal.Reader.ReadAsync(cancel);

    /// <summary>Ends a wait without an observation.</summary>
    internal void Wake() => _signal.Writer.TryWrite(true);

    /// <summary>Adds an observation, from any thread; drops it when there is no room.</summary>
    internal void Write(in Observation observation)
    {
        var isSuccess = observation.Kind == ObservationKind.Connected;
        if (!TryAdd(observation, isSuccess ? _cells.Length / 2 : _cells.Length))
            Interlocked.Increment(ref _dropped);
        else if (!isSuccess || Volatile.Read(ref _tail) - Volatile.Read(ref _head) >= _cells.Length / 4)
            Wake();
    }

    private bool TryAdd(in Observation observation, int room)
    {
        while (true)
        {
            var tail = Volatile.Read(ref _tail);
            ref var cell = ref _cells[tail & _mask];
            var turn = Volatile.Read(ref cell.Sequence) - tail;
            if (turn < 0 || tail - Volatile.Read(ref _head) >= room)
                return false;
            if (turn > 0 || Interlocked.CompareExchange(ref _tail, tail + 1, tail) != tail)
                continue;
            cell.Item = observation;
            Volatile.Write(ref cell.Sequence, tail + 1);
            return true;
        }
    }

    // Sequence = position: free for that position's writer; position + 1: filled, for the reader.
    private struct Cell
    {
        public long Sequence;
        public Observation Item;
    }
}

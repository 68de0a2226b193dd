namespace AnycastVip.Proxy.Balancing;

/// <summary>A connection that waits for a backend.</summary>
/// <param name="Loop">The index of its loop.</param>
/// <param name="Token">Names it there.</param>
/// <param name="Source">Where its client is.</param>
internal readonly record struct Waiter(int Loop, ulong Token, SourceAddress Source = default);

/// <summary>
/// The connections that wait because every backend of a pool is full: first come, first served, exact over all loops.
/// Like the counts of the backends it outlives tables.
/// </summary>
internal sealed class PoolQueue
{
    private readonly Lock _lock = new();
    private Waiter[] _waiters = new Waiter[16];
    private int _first;
    private int _count;
    private Pool? _pool;

    /// <summary>The pool as the table in force has it.</summary>
    public Pool? Pool
    {
        get => Volatile.Read(ref _pool);
        set => Volatile.Write(ref _pool, value);
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes the last place; false when as many wait as may.</summary>
    public bool TryEnter(Waiter waiter, int size)
    {
        lock (_lock)
        {
            if (_count >= size)
                return false;
            if (_count == _waiters.Length)
                Grow();
            _waiters[IndexOf(_count)] = waiter;
            Volatile.Write(ref _count, _count + 1);
            return true;
        }
    }

    /// <summary>Gives its place up; false when it has none: it was admitted before.</summary>
    public bool TryLeave(Waiter waiter)
    {
        lock (_lock)
        {
            // Whoever waits too long is mostly the first.
            for (var place = 0; place < _count; place++)
            {
                if (_waiters[IndexOf(place)] != waiter)
                    continue;
                for (var behind = place + 1; behind < _count; behind++)
                    _waiters[IndexOf(behind - 1)] = _waiters[IndexOf(behind)];
                Volatile.Write(ref _count, _count - 1);
                return true;
            }
            return false;
        }
    }

    /// <summary>Chooses a backend for whoever waits longest, and counts the connection on it.</summary>
    /// <param name="now">The time.</param>
    /// <param name="waiter">Who it is for.</param>
    /// <returns>Null: nobody waits, or no backend is eligible.</returns>
    public Backend? TryAdmit(TimeSpan now, out Waiter waiter)
    {
        waiter = default;
        if (Count == 0)
            return null;
        lock (_lock)
        {
            if (_count == 0 || Pool?.Reserve([], now, source: _waiters[_first].Source) is not { } backend)
                return null;
            waiter = _waiters[_first];
            _first = IndexOf(1);
            Volatile.Write(ref _count, _count - 1);
            return backend;
        }
    }

    private int IndexOf(int place) => (_first + place) % _waiters.Length;

    private void Grow()
    {
        var larger = new Waiter[2 * _waiters.Length];
        for (var place = 0; place < _count; place++)
            larger[place] = _waiters[IndexOf(place)];
        (_waiters, _first) = (larger, 0);
    }
}

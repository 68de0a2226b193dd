using System.Numerics;

namespace AnycastVip.Proxy.Engine;

/// <summary>A timer's place in its list; zero is "not set".</summary>
internal struct TimerNode
{
    public long Deadline;
    public int Next;
    public int Previous;
    public int List;
}

/// <summary>
/// A hierarchical timing wheel: one timer per id, set and cancelled in constant time. A tick is whatever the caller
/// counts. Timers beyond the outermost level (64^5 ticks) wait there and are set anew when their turn comes.
/// </summary>
/// <param name="nodes">Room for every id, zeroed; wheels of several loops may share it, as no id is in two.</param>
internal sealed unsafe class TimerWheel(TimerNode* nodes)
{
    private const int LevelBits = 6;
    private const int SlotsPerLevel = 1 << LevelBits;
    private const int SlotMask = SlotsPerLevel - 1;
    private const int Levels = 5;
    private const int DueList = Levels * SlotsPerLevel + 1;

    // Heads of the lists as id + 1, 0 for an empty one. List 0 is no list.
    private readonly int[] _heads = new int[DueList + 1];
    private readonly ulong[] _occupied = new ulong[Levels];
    private long _now;

    /// <summary>The earliest tick at which there is something to do; MaxValue when nothing is set.</summary>
    public long NextTick => _heads[DueList] != 0 ? _now : NextOccupied();

    /// <summary>Sets the id's timer in place of an earlier one. What has passed is due at the next tick.</summary>
    public void Set(int id, long deadline)
    {
        Cancel(id);
        nodes[id].Deadline = Math.Max(deadline, _now + 1);
        Place(id);
    }

    /// <summary>Takes the id's timer away, if there is one.</summary>
    public void Cancel(int id)
    {
        if (nodes[id].List != 0)
            Unlink(id);
    }

    /// <summary>Moves time on. What is due by then is taken with <see cref="TryTakeDue"/>.</summary>
    public void Advance(long now)
    {
        while (NextOccupied() is var tick && tick <= now)
        {
            _now = tick;
            for (var level = Levels - 1; level > 0; level--)
            {
                if ((tick & ((1L << (level * LevelBits)) - 1)) == 0)
                    Cascade(ListAt(level, tick));
            }
            Cascade(ListAt(0, tick));
        }
        _now = Math.Max(_now, now);
    }

    /// <summary>Takes one id whose deadline has come; its timer is no longer set.</summary>
    public bool TryTakeDue(out int id)
    {
        id = _heads[DueList] - 1;
        if (id < 0)
            return false;
        Unlink(id);
        return true;
    }

    // The earliest tick at which a slot's time comes.
    private long NextOccupied()
    {
        var next = long.MaxValue;
        for (var level = 0; level < Levels; level++)
        {
            if (_occupied[level] == 0)
                continue;
            var position = _now >> (level * LevelBits);
            var rotated = BitOperations.RotateRight(_occupied[level], (int)((position + 1) & SlotMask));
            var slots = BitOperations.TrailingZeroCount(rotated) + 1;
            next = Math.Min(next, (position + slots) << (level * LevelBits));
        }
        return next;
    }

    // Sorts the timers of a slot whose time has come into finer slots, or into the list of those that are due.
    private void Cascade(int list)
    {
        // Each is looked at once: one that waits beyond the outermost level may come back to this list's head.
        for (var id = _heads[list] - 1; id >= 0;)
        {
            var next = nodes[id].Next - 1;
            Unlink(id);
            Place(id);
            id = next;
        }
    }

    private void Place(int id)
    {
        var ticks = nodes[id].Deadline - _now;
        if (ticks <= 0)
        {
            Link(id, DueList);
            return;
        }
        var level = Math.Min((63 - BitOperations.LeadingZeroCount((ulong)ticks)) / LevelBits, Levels - 1);
        var furthest = (1L << (Levels * LevelBits)) - 1;
        Link(id, ListAt(level, _now + Math.Min(ticks, furthest)));
    }

    private static int ListAt(int level, long tick) =>
        1 + level * SlotsPerLevel + (int)((tick >> (level * LevelBits)) & SlotMask);

    private void Link(int id, int list)
    {
        ref var node = ref nodes[id];
        node.List = list;
        node.Previous = 0;
        node.Next = _heads[list];
        if (node.Next != 0)
            nodes[node.Next - 1].Previous = id + 1;
        _heads[list] = id + 1;
        if (list != DueList)
            _occupied[(list - 1) / SlotsPerLevel] |= 1UL << ((list - 1) & SlotMask);
    }

    private void Unlink(int id)
    {
        ref var node = ref nodes[id];
        if (node.Previous != 0)
            nodes[node.Previous - 1].Next = node.Next;
        else
            _heads[node.List] = node.Next;
        if (node.Next != 0)
            nodes[node.Next - 1].Previous = node.Previous;
        if (_heads[node.List] == 0 && node.List != DueList)
            _occupied[(node.List - 1) / SlotsPerLevel] &= ~(1UL << ((node.List - 1) & SlotMask));
        node.List = 0;
    }
}

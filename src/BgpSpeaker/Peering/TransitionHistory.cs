using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>A change of a peer's state.</summary>
/// <param name="From">The state before.</param>
/// <param name="To">The state after.</param>
/// <param name="At">When, for the last time; since the clock's fixed origin.</param>
/// <param name="Cause">In one line.</param>
/// <param name="Times">How often in a row it came about in this way.</param>
public sealed record TransitionRecord(BgpState From, BgpState To, TimeSpan At, string Cause, long Times);

/// <summary>
/// The last changes of a peer's state. An attempt that takes the same steps as the one before is counted, not listed
/// again: an unreachable peer would otherwise push out within minutes what led there.
/// </summary>
internal sealed class TransitionHistory
{
    /// <summary>How many changes are kept.</summary>
    public const int Capacity = 16;

    // Connect, OpenSent, OpenConfirm, and back.
    private const int LongestAttempt = 4;

    private readonly List<TransitionRecord> _records = [];

    /// <summary>Oldest first.</summary>
    public ValueList<TransitionRecord> Records => [.. _records];

    /// <summary>Adds the newest change.</summary>
    public void Add(StateChanged change, TimeSpan now)
    {
        _records.Add(new TransitionRecord(change.From, change.To, now, change.Reason, 1));
        for (var steps = 2; steps <= LongestAttempt && 2 * steps <= _records.Count; steps++)
        {
            if (EndsWithSameAttempt(steps))
                CountAttempt(steps);
        }
        if (_records.Count > Capacity)
            _records.RemoveAt(0);
    }

    private bool EndsWithSameAttempt(int steps)
    {
        for (var back = 1; back <= steps; back++)
        {
            var (earlier, later) = (_records[^(back + steps)], _records[^back]);
            // A session that was Established is no mere attempt.
            if (later.From == BgpState.Established
                || (earlier.From, earlier.To, earlier.Cause) != (later.From, later.To, later.Cause))
                return false;
        }
        return true;
    }

    private void CountAttempt(int steps)
    {
        for (var back = 1; back <= steps; back++)
            _records[^back] = _records[^back] with { Times = _records[^back].Times + _records[^(back + steps)].Times };
        _records.RemoveRange(_records.Count - (2 * steps), steps);
    }
}

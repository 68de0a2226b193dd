namespace AnycastVip.HealthGate.Engine;

/// <summary>Numbers events, and keeps them until they go out.</summary>
/// <param name="lastId">Of the last event of an earlier gate; 0: there is none.</param>
internal sealed class EventJournal(ulong lastId)
{
    private readonly List<Record> _unread = [];
    private ulong _lastId = lastId;

    /// <summary>Adds an event, and gives its id.</summary>
    public ulong Write(
        TimeSpan at, Severity severity, EventKind kind, string subject, string text, ulong cause = 0)
    {
        _unread.Add(new(new(++_lastId, at, severity, kind, subject, text, cause)));
        return _lastId;
    }

    /// <summary>Those since the last call.</summary>
    public IReadOnlyList<Record> Take()
    {
        Record[] taken = [.. _unread];
        _unread.Clear();
        return taken;
    }
}

using System.Net;

namespace AnycastVip.HealthGate.Engine;

/// <summary>The connection to the proxy, what it was told and what it says.</summary>
internal sealed class ProxyDesk(TimeSpan startedAt)
{
    /// <summary>A gate that has just started has not connected yet, and cannot call the proxy dead.</summary>
    private static readonly TimeSpan StartGrace = TimeSpan.FromMilliseconds(500);

    private Dictionary<IPEndPoint, ProxyListener> _listeners = [];
    private ulong _revision;
    private SendTable? _sent;
    private ulong _reportedUnder;
    private bool _hasReported;
    private bool _hasFailed;
    private bool _isHandedOver;

    public LinkStanding Link { get; private set; } = new(false, startedAt, "not connected yet");

    /// <summary>Of the next table.</summary>
    public ulong NextRevision => _revision + 1;

    /// <summary>A table goes out even if it is the one before.</summary>
    public bool IsTableOwed { get; set; }

    /// <summary>
    /// The proxy works with the table of an earlier gate, and this one does not know enough yet for its own.
    /// </summary>
    public bool IsKept { get; private set; }

    /// <summary>Of the last table that is in force.</summary>
    public ulong Applied { get; private set; }

    /// <summary>Parts of the last table that are not in force.</summary>
    public IReadOnlyList<string> Refused { get; private set; } = [];

    /// <summary>The last table as a whole is not in force.</summary>
    public bool IsRefusedWhole { get; private set; }

    /// <summary>The last table sent is in force.</summary>
    public bool IsSettled => _sent is not null && Applied == _revision;

    /// <summary>When a failed attempt begins to mean that the proxy is dead; null: at once.</summary>
    public TimeSpan? GraceEndsAt { get; private set; } = startedAt + StartGrace;

    /// <summary>Nothing serves on the listeners.</summary>
    public bool IsGone => !Link.IsConnected && GraceEndsAt is null && _hasFailed;

    public string GoneReason => $"the proxy is gone: {Link.Reason}";

    public IEnumerable<ProxyListener> Listeners => _listeners.Values;

    /// <summary>Ends the grace of the start.</summary>
    /// <returns>True when the proxy is gone since now.</returns>
    public bool EndGrace(TimeSpan now)
    {
        if (!(GraceEndsAt <= now))
            return false;
        GraceEndsAt = null;
        return IsGone;
    }

    /// <summary>The connection that comes next is that to a successor, unless this one is lost before.</summary>
    public void HandOver() => _isHandedOver = true;

    /// <summary>Takes the connection for that to a successor.</summary>
    /// <returns>False when it is none: what was known says nothing of it.</returns>
    public bool TrySucceed(ulong keptRevision, TimeSpan now)
    {
        if (!_isHandedOver || keptRevision == 0)
            return false;
        Link = new(true, now, "");
        (IsTableOwed, _isHandedOver) = (true, false);
        return true;
    }

    public void Connect(ulong keptRevision, TimeSpan now)
    {
        Link = new(true, now, "");
        IsKept = keptRevision != 0 && _sent is null;
        (GraceEndsAt, IsTableOwed, _hasReported, _isHandedOver) = (null, true, false, false);
        (_listeners, _reportedUnder, Refused, IsRefusedWhole) = ([], 0, [], false);
    }

    /// <summary>Notes the loss, or why another attempt failed.</summary>
    /// <returns>True when the proxy is gone since now.</returns>
    public bool Lose(string reason, TimeSpan now)
    {
        var wasGone = IsGone;
        Link = Link.IsConnected ? new(false, now, reason) : Link with { Reason = reason };
        (_listeners, _hasFailed, _isHandedOver) = ([], true, false);
        return IsGone && !wasGone;
    }

    /// <summary>Notes the listeners.</summary>
    /// <returns>Those that stand otherwise than before.</returns>
    public IReadOnlyList<ProxyListener> Report(IReadOnlyList<ProxyListener> listeners)
    {
        var before = _listeners;
        (_listeners, _reportedUnder, _hasReported) =
            (listeners.ToDictionary(listener => listener.Endpoint), Applied, true);
        return [.. listeners.Where(HasChanged)];

        bool HasChanged(ProxyListener listener) =>
            before.GetValueOrDefault(listener.Endpoint) is not { } last
            || (last.IsOpen, last.Reason) != (listener.IsOpen, listener.Reason);
    }

    public void Apply(TableApplied applied)
    {
        (Refused, IsRefusedWhole) = (applied.Refused, applied.IsRefusedWhole);
        if (!applied.IsRefusedWhole)
            Applied = Math.Max(Applied, applied.Revision);
    }

    public ProxyListener? Find(IPEndPoint endpoint) => _listeners.GetValueOrDefault(endpoint);

    /// <summary>The listeners were reported since a table of at least this revision is in force.</summary>
    public bool HasReportedSince(ulong revision) => Applied >= revision && _reportedUnder >= revision;

    /// <summary>The table to send; null: none is owed.</summary>
    /// <param name="listeners">Of the table wanted now.</param>
    /// <param name="pools">The same.</param>
    /// <param name="maxConnections">The same.</param>
    /// <param name="areBackendsJudged">False holds back the first table while the proxy works with a kept one.</param>
    public SendTable? Order(
        List<TableListener> listeners, List<TablePool> pools, int maxConnections, bool areBackendsJudged)
    {
        if (!Link.IsConnected || IsKept && !(areBackendsJudged && _hasReported))
            return null;
        if (!IsTableOwed && _sent is { } sent && sent.MaxConnections == maxConnections
            && sent.Listeners.SequenceEqual(listeners) && sent.Pools.SequenceEqual(pools, PoolComparer.Instance))
            return null;
        (IsKept, IsTableOwed) = (false, false);
        return _sent = new(++_revision, listeners, pools, maxConnections);
    }

    /// <summary>Lists compare by reference, and these must not.</summary>
    private sealed class PoolComparer : IEqualityComparer<TablePool>
    {
        public static readonly PoolComparer Instance = new();

        public bool Equals(TablePool? one, TablePool? other) =>
            one!.Options == other!.Options && one.Backends.SequenceEqual(other.Backends);

        public int GetHashCode(TablePool pool) => pool.Options.GetHashCode();
    }
}

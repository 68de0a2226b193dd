using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

// What must hold after every turn.
internal sealed partial class PeerShell
{
    // OPEN, KEEPALIVE, NOTIFICATION.
    private const int MaximumQueuedMessages = 3;
    // Both connections of a peer, and those that flush their NOTIFICATION for at most two seconds.
    private const int MaximumConnections = 10;
    private const int MaximumTimersPerSecond = 100;
    private static readonly TimeSpan LeaseTick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan AcknowledgementPoll = TimeSpan.FromMilliseconds(50);

    private ConnectionId? _up;
    private Connection? _lastUp;
    private TimeSpan? _behindSince;
    private bool _pollIsDue;
    private bool _hasBeenUp;
    private long _second;
    private int _timersThisSecond;
    private (long Version, ConnectionId Connection, int Updates, bool InFlight) _checked;
    private (long Version, ConnectionId Connection) _arrivalChecked;

    /// <summary>An UPDATE is judged as the peer would judge it.</summary>
    public UpdateContext StrictContext() => new()
    {
        FourOctetAs = Engine.Session!.FourOctetAs,
        IsExternal = _plan.Profile.Session.IsExternal,
        LocalAs = _plan.Profile.Session.PeerAs,
        IPv4Unicast = Engine.Session.Families.Contains(Family.IPv4Unicast),
        IPv6Unicast = Engine.Session.Families.Contains(Family.IPv6Unicast),
    };

    public void JudgeAnnouncement(Prefix prefix)
    {
        // In the very moment in which a starved node wakes, a peer's thread may run before the lease table's.
        var isWaking = _node.WakeSlack > TimeSpan.Zero && _handed.TryGet(prefix, out _);
        if (!Scenario.IsAllowed(prefix) || !(isWaking || _node.Leases.Permits(prefix, Now, LeaseTick)))
            throw new InvariantBroken(Invariant.OnlyLeased, $"{Name}: {prefix} is announced");
    }

    public void NoteNotification(Notification notification)
    {
        var text = WireChecker.Describe(notification);
        Trace.Add(Name, "ends it with", text);
        var isExpected = notification is { Code: ErrorCode.Cease, Subcode: CeaseError.ConnectionCollisionResolution }
            || notification is { Code: ErrorCode.OpenMessage, Subcode: OpenMessageError.UnsupportedCapability }
            || (!_isBfdUp && notification == Cease.BfdDown);
        if (_simulator.Scenario.IsFaultFree && !isExpected)
            throw new InvariantBroken(Invariant.NoNeedlessReset, $"{Name} sends {text} although nothing is wrong");
    }

    /// <summary>Null once the session is as it shall be, else what is not.</summary>
    public string? FindUnsettled()
    {
        var other = _peer.PeerFor(_node);
        var isPossible = !Engine.IsAdministrativelyDown && !other.Engine.IsAdministrativelyDown
            && _simulator.Scenario.CommonFamilies(_node.Index, _peer.Index).Count > 0;
        if (!isPossible)
            return _up is null ? null : $"{Name} is Established against the operator's will";
        if (_up is not { } id)
            return $"{Name} is not Established: {Engine.Status().Reason}";
        var socket = _sockets[id];
        if (!other.HasUp(socket.End.Other))
            return $"{Name} and its peer hold different connections";
        if (_sockets.Count > 1 || Engine.Connections.Count > 1 || _dials.Count > 0)
            return $"{Name} still has other connections";
        if (Engine.AcknowledgedVersion != _node.Table.Current.Version)
            return $"{Name}: version {_node.Table.Current.Version} is not acknowledged: {Engine.AcknowledgedVersion}";
        socket.Checker.Read.AdvanceTo(socket.End.Other.ReadOctets);
        if (socket.Checker.Read.DifferenceFrom(Expected()) is { } difference)
            return $"{Name}: {difference}";
        var counted = other.Engine.Status().ReceivedRoutes;
        return counted.Announced == socket.Checker.Read.AnnouncementsSeen && counted.LastError is null
            ? null
            : $"{other.Name} counted {counted.Announced} of {socket.Checker.Read.AnnouncementsSeen} announcements";
    }

    /// <summary>The engine sends this in an OPEN; null: it does not offer graceful restart.</summary>
    public void JudgeRestart(GracefulRestartCapability? sent)
    {
        var restartTime = _plan.Profile.Session.RestartTime;
        var hasRestarted = !_hasBeenUp && Now < _node.RestartedAt + restartTime;
        var isRight = restartTime is null
            ? sent is null
            : sent?.RestartState == hasRestarted
                && sent.Families.All(family => family.ForwardingState == (hasRestarted || _hasBeenUp));
        if (!isRight)
            throw new InvariantBroken(Invariant.GracefulRestart, $"{Name}: the OPEN says {sent}");
    }

    /// <summary>The engine sends End-of-RIB.</summary>
    public void JudgeEndOfRib()
    {
        if (!_node.Table.Current.IsComplete)
            throw new InvariantBroken(Invariant.GracefulRestart, $"{Name}: End-of-RIB while clients are waited for");
    }

    private bool HasUp(Endpoint end) => _up is { } id && _sockets[id].End == end;

    private Dictionary<Prefix, uint?> Expected() => _node.Table.Current.Routes
        .Where(route => Engine.Session!.Families.Contains(route.Prefix.Family)
            && (!route.Prefix.IsIPv6 || _plan.Local.NextHopIPv6 is not null))
        .ToDictionary(route => route.Prefix, route => route.AttributesFor(_plan.Profile.Name).Med);

    private void NoteUp(SessionUp up)
    {
        if (_up is not null)
            throw new InvariantBroken(Invariant.OneEstablished, $"{Name}: a second session comes up");
        _up = up.Connection;
        if (_plan.Profile.Session.BfdStrict && !_isBfdUp)
            throw new InvariantBroken(Invariant.StrictBfdFirst, $"{Name} is Established before BFD is Up");
        _hasBeenUp = true;
        // A write that failed in the same turn has closed the socket already; its SessionDown follows.
        if (!_sockets.TryGetValue(up.Connection, out var socket))
            return;
        var connection = socket.End.Connection;
        connection.EstablishedEnds++;
        Trace.Add(Name, "session up", "", connection.Number);
        if (connection.IsTainted)
            return;
        var scenario = _simulator.Scenario;
        if (up.Session.Families != scenario.CommonFamilies(_node.Index, _peer.Index)
            || up.Session.HoldTime != scenario.HoldTime(_node.Index, _peer.Index))
            throw new InvariantBroken(Invariant.Negotiated, $"{Name}: {up.Session}");
    }

    private void NoteDown(SessionDown down)
    {
        if (_up != down.Connection)
            throw new InvariantBroken(Invariant.OneEstablished, $"{Name}: a session that was not up goes down");
        _up = null;
        Trace.Add(Name, "session down", down.Reason);
        if (down.Reason.StartsWith("hold timer", StringComparison.Ordinal)
            && _sockets[down.Connection].End.UnreadOctets > 0)
            throw new InvariantBroken(Invariant.ReadsBeforeTimers, $"{Name}: {down.Reason} with octets unread");
        if (!_simulator.MayLoseSessions && _lastUp?.EstablishedEnds == 2)
            throw new InvariantBroken(Invariant.NoNeedlessReset, $"{Name} lost its session: {down.Reason}");
    }

    private void NoteTimers()
    {
        var second = (long)Now.TotalSeconds;
        _timersThisSecond = second == _second ? _timersThisSecond + 1 : 0;
        _second = second;
        if (_timersThisSecond > MaximumTimersPerSecond)
            throw new InvariantBroken(Invariant.NoSpin, $"{Name}: {_timersThisSecond} timers in one second");
    }

    private void Check()
    {
        if (Engine.NextDeadline is { } due && due <= Now)
            throw new InvariantBroken(Invariant.NoSpin, $"{Name}: a deadline is left in the past: {due}");
        foreach (var connection in Engine.Connections)
        {
            if (connection.QueuedMessages > MaximumQueuedMessages)
                throw new InvariantBroken(Invariant.Bounded, $"{Name}: {connection.QueuedMessages} messages queued");
            if (connection.Pending.Length >= connection.MaximumInbound && !connection.LetGo)
                throw new InvariantBroken(Invariant.Bounded, $"{Name}: {connection.Pending.Length} octets pending");
        }
        if (Engine.Connections.Count > MaximumConnections)
            throw new InvariantBroken(Invariant.Bounded, $"{Name}: {Engine.Connections.Count} connections");
        if (Engine.Established != _up)
            throw new InvariantBroken(Invariant.OneEstablished, $"{Name}: {Engine.Established} is up, not {_up}");
        if (_up is { } id)
            CheckSession(_sockets[id]);
        else
            _behindSince = null;
    }

    private void CheckSession(SimulatedSocket socket)
    {
        _lastUp = socket.End.Connection;
        Engine.Acknowledged(socket.Id, _simulator.Sabotage == Sabotage.AcknowledgeWritten
            ? socket.WrittenOctets
            : socket.End.Out.Acknowledged);
        if (Engine.AwaitsAcknowledgement && !_pollIsDue)
        {
            _pollIsDue = true;
            _simulator.Time.After(AcknowledgementPoll, () =>
            {
                _pollIsDue = false;
                Post(() => { });
            });
        }
        CheckWritten(socket);
        CheckArrived(socket);
    }

    // RFC 9687: whatever the peer takes restarts the SendHoldTimer.
    private void NoteProgress() => _behindSince = _behindSince is null ? null : Now;

    private void CheckWritten(SimulatedSocket socket)
    {
        var now = (_node.Table.Current.Version, socket.Id, socket.Checker.Updates, socket.WriteInFlight);
        if (_node.WakeSlack > TimeSpan.Zero || (now == _checked && _behindSince is null))
            return;
        _checked = now;
        if (socket.Checker.Sent.DifferenceFrom(Expected()) is not { } difference)
        {
            _behindSince = null;
            return;
        }
        _behindSince ??= Now;
        // RFC 9687 bounds how long a peer may take nothing; with a hold time of zero nothing does.
        var bound = !socket.WriteInFlight ? TimeSpan.Zero
            : Engine.Session!.HoldTime == TimeSpan.Zero ? TimeSpan.MaxValue
            : _plan.Profile.Session.SendHoldTime!.Value;
        if (Now - _behindSince >= bound)
            throw new InvariantBroken(Invariant.WrittenInTime, $"{Name}: {difference} since {_behindSince}");
    }

    private void CheckArrived(SimulatedSocket socket)
    {
        var now = (Engine.AcknowledgedVersion, socket.Id);
        if (Engine.AcknowledgedVersion != _node.Table.Current.Version || now == _arrivalChecked)
            return;
        _arrivalChecked = now;
        socket.Checker.Arrived.AdvanceTo(socket.End.Out.Arrived);
        if (socket.Checker.Arrived.DifferenceFrom(Expected()) is { } difference)
            throw new InvariantBroken(Invariant.AcknowledgedArrived, $"{Name}: {difference}");
    }
}

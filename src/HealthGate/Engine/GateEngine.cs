using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>
/// Everything about the gate that is not I/O: what happens goes in, what is to be done comes out. It joins the machines
/// of backends and VIPs with checks, addresses, the proxy, the speaker and the operator's drains. The shell (or the
/// simulator) owns sockets and time, calls from one thread at a time, and carries the actions out in their order.
/// </summary>
/// <remarks>
/// Orders for the addresses, the proxy's table and the speaker are gathered: at most one of each comes out of one call.
/// On the way down the withdraw comes first, then the table, then the addresses; on the way up the machine of the VIP
/// waits for the proof of each step before the next.
/// </remarks>
public sealed partial class GateEngine
{
    private const string Node = "node";

    private readonly ulong _epoch;
    private readonly EventJournal _journal;
    private readonly List<GateAction> _actions = [];
    private readonly CheckBook _checks;
    private readonly AddressDesk _addresses = new();
    private readonly ProxyDesk _proxy;
    private readonly SpeakerDesk _speaker;
    private readonly Dictionary<string, PoolUnit> _pools = [];
    private readonly List<VipUnit> _vips = [];
    // Of backends that are gone, the highest; of VIPs that left and are to come back.
    private long _goneGeneration;
    private readonly Dictionary<string, TimeSpan?> _lastTransitions = [];
    private GateOptions _options;
    private TimeSpan _configuredAt;
    private DrainSet _drains;
    private string? _persistError;
    private TimeSpan? _stopBy;
    private bool _isStopOver;
    // What the speaker or the proxy is to be told may differ from what they were told.
    private bool _mayOrder = true;
    private TimeSpan _now;

    /// <summary>
    /// Makes a gate that knows nothing but its orders. Its first actions come from a first
    /// <see cref="GateTimersDue"/>.
    /// </summary>
    /// <param name="options">The configuration, in order.</param>
    /// <param name="epoch">Grows with every start: the boot-time clock in nanoseconds.</param>
    /// <param name="lastEventId">Of the last event that an earlier gate wrote; 0: none.</param>
    /// <param name="drains">In force, read before anything is announced.</param>
    /// <param name="now">Since the shell's origin.</param>
    public GateEngine(GateOptions options, ulong epoch, ulong lastEventId, DrainSet drains, TimeSpan now)
    {
        (_options, _epoch, _drains, _now, _configuredAt) = (options, epoch, drains, now, now);
        _journal = new(lastEventId);
        _checks = new(_actions);
        (_proxy, _speaker) = (new(now), new(now));
        Note(Severity.Info, EventKind.Process, Node, "the gate has started");
        TellDrains(DrainSet.Empty, takenBackBy: "");
        ReconcilePools(isStart: true);
        ReconcileVips(isStart: true, cause: 0);
    }

    /// <summary>When <see cref="GateTimersDue"/> is owed; null: never.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            var counters = _vips.Select(vip => vip.Counter)
                .Concat(Backends.Select(backend => backend.Counter))
                .Select(counter => _proxy.Link.IsConnected && counter is { IsAsked: false } ? counter.NextAt : null);
            return _vips.Select(vip => vip.State.NextDeadline)
                .Concat(counters)
                .Append(_addresses.RetryAt)
                .Append(_proxy.GraceEndsAt)
                .Append(_isStopOver ? null : _stopBy)
                .Min();
        }
    }

    /// <summary>
    /// After <see cref="StopRequested"/>: every VIP is drained, or <see cref="GateOptions.StopTimeout"/> is over.
    /// </summary>
    public bool IsStopped => _stopBy is not null
        && (_isStopOver || _vips.All(vip => vip.State.Phase == VipPhase.Drained));

    private IEnumerable<BackendUnit> Backends => _pools.Values.SelectMany(pool => pool.Backends);

    /// <summary>Takes one input, and whatever deadline is reached.</summary>
    /// <param name="input">What happened.</param>
    /// <param name="now">Since the shell's origin; never less than before.</param>
    /// <returns>What to do, in order; the list is the caller's.</returns>
    public IReadOnlyList<GateAction> Take(GateInput input, TimeSpan now)
    {
        _now = now;
        Handle(input);
        HandleDeadlines();
        SettleVips();
        AskForCounts();
        return Flush();
    }

    private void Handle(GateInput input)
    {
        switch (input)
        {
            case Reconfigured reconfigured when _stopBy is null:
                _mayOrder = true;
                Reload(reconfigured.Options);
                break;
            case DrainsChanged drains:
                ChangeDrains(drains);
                break;
            case StopRequested when _stopBy is null:
                Stop();
                break;
            case CheckChanged changed:
                TakeCheck(changed);
                break;
            case BackendVerified verified:
                TakeVerified(verified);
                break;
            case ConnectFailed failed:
                TakeFailure(failed);
                break;
            case BackendReported report when FindBackend(report.Pool, report.Backend) is { } backend:
                backend.Report = report;
                break;
            case AddressesSeen seen:
                TakeAddresses(seen);
                break;
            case SpeakerConnected or SpeakerLost or DeclarationJudged or DeliveryReported:
                _mayOrder = true;
                HandleSpeaker(input);
                break;
            default:
                _mayOrder |= input is ProxyConnected or ListenersReported;
                HandleProxy(input);
                break;
        }
    }

    private void HandleDeadlines()
    {
        if (_proxy.EndGrace(_now) && _vips.Exists(vip => vip.HasListeners))
            Spread(Note(Severity.Error, EventKind.Process, "proxy", _proxy.GoneReason));
        if (_addresses.RetryAt <= _now)
            _addresses.IsOrderOwed = true;
        if (_stopBy <= _now && !_isStopOver)
        {
            (_isStopOver, _mayOrder) = (true, true);
            Note(Severity.Warning, EventKind.Process, Node, "the time for the stop is over: what is left is withdrawn");
        }
    }

    // The withdraw goes before everything that it must not wait for, an announcement after what it needs.
    private List<GateAction> Flush()
    {
        var declare = _mayOrder ? _speaker.Order(Declarations()) : null;
        var table = _mayOrder ? OrderTable() : null;
        _mayOrder = false;
        List<GateAction> all = [];
        if (declare is { IsWorse: true })
            all.Add(declare.Value.Order);
        all.AddRange(_actions);
        if (table is not null)
            all.Add(table);
        if (_addresses.IsOrderOwed)
            all.Add(_addresses.Order([.. _vips.Where(vip => vip.NeedsAddresses).SelectMany(vip => vip.Options.Addresses)
                .Distinct()]));
        if (declare is { IsWorse: false })
            all.Add(declare.Value.Order);
        all.AddRange(_journal.Take());
        _actions.Clear();
        return all;
    }

    private void Stop()
    {
        _stopBy = _now + _options.StopTimeout;
        var cause = Note(Severity.Info, EventKind.Process, Node, "the node stops: every VIP is drained");
        foreach (var vip in _vips)
            OrderDrain(vip, cause);
    }

    private ulong Note(Severity severity, EventKind kind, string subject, string text, ulong cause = 0) =>
        _journal.Write(_now, severity, kind, subject, text, cause);

    /// <summary>What all VIPs see has changed.</summary>
    private void Spread(ulong cause)
    {
        foreach (var vip in _vips)
            Touch(vip, cause);
    }

    private static void Touch(VipUnit vip, ulong cause)
    {
        vip.IsDirty = true;
        if (cause != 0)
            vip.PendingCause = cause;
    }
}

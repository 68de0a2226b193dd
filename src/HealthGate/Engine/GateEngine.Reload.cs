using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <content>Drains, and what a reload changes.</content>
public sealed partial class GateEngine
{
    private void ChangeDrains(DrainsChanged changed)
    {
        if (changed.PersistError is { } error && error != _persistError)
            Note(Severity.Error, EventKind.Fault, Node, $"the drains in force could not be saved: {error}");
        else if (changed.PersistError is null && _persistError is not null)
            Note(Severity.Info, EventKind.Fault, Node, "the drains in force are saved again");
        _persistError = changed.PersistError;
        var before = _drains;
        _drains = changed.Drains;
        var causes = TellDrains(before, changed.TakenBackBy);
        foreach (var vip in _vips)
            OrderDrain(vip, CauseOf(new DrainTarget.Vip(vip.Name)) is var own and > 0
                ? own : CauseOf(new DrainTarget.Node()));
        foreach (var backend in Backends)
            OrderDrain(backend, CauseOf(new DrainTarget.Backend(backend.Pool, backend.Options.Name)));

        ulong CauseOf(DrainTarget target) => causes.GetValueOrDefault(target);
    }

    /// <summary>Writes down what changed, each with its event.</summary>
    private Dictionary<DrainTarget, ulong> TellDrains(DrainSet before, string takenBackBy)
    {
        var events = new Dictionary<DrainTarget, ulong>();
        foreach (var order in _drains.Orders.Where(order => before.Find(order.Target) != order))
        {
            var isOurs = order.OrderedBy == DrainOrder.ByItself;
            events[order.Target] = Note(
                isOurs ? Severity.Error : Severity.Info, isOurs ? EventKind.Fault : EventKind.Drain,
                $"{order.Target}", Join($"drained by {order.OrderedBy}", order.Reason));
        }
        foreach (var order in before.Orders.Where(order => _drains.Find(order.Target) is null))
            events[order.Target] = Note(Severity.Info, EventKind.Drain, $"{order.Target}",
                Join($"undrained by {takenBackBy}; it was drained by {order.OrderedBy}", order.Reason));
        return events;
    }

    private VipDrainOrdered DrainOf(VipUnit vip)
    {
        var order = _drains.Covering(new DrainTarget.Vip(vip.Name));
        if (_stopBy is null)
            return vip.LeavingReason is { } reason
                ? new(true, reason, order?.ConnectionTimeout)
                : new(order is not null, order?.Reason ?? "", order?.ConnectionTimeout);
        // The other steps of the ladder take their bounds; connections get what is left of the time for the stop.
        var drain = vip.Options.Settings.Drain;
        var others = drain.BoundWithoutConnections(vip.HasListeners);
        var left = _options.StopTimeout > others ? _options.StopTimeout - others : TimeSpan.Zero;
        var configured = order?.ConnectionTimeout ?? drain.ConnectionTimeout;
        return new(true, order?.Reason ?? "the node stops", configured < left ? configured : left);
    }

    private void OrderDrain(VipUnit vip, ulong cause)
    {
        var (order, state) = (DrainOf(vip), vip.State);
        if ((order.IsDrained, order.Reason, order.ConnectionTimeout)
            == (state.IsDrained, state.DrainReason, state.ConnectionTimeout))
            return;
        if (order.IsDrained && !state.IsDrained)
            BeginCounting(vip);
        else if (!order.IsDrained)
            vip.Counter = null;
        Feed(vip, order, cause);
    }

    // ------------------------------------------------------------------------------------------ Reload

    private void Reload(GateOptions options)
    {
        (_options, _configuredAt) = (options, _now);
        var cause = Note(Severity.Info, EventKind.Configuration, Node, "the configuration was read again");
        ReconcilePools(isStart: false);
        ReconcileVips(isStart: false, cause);
        ReconcilePools(isStart: false);
    }

    /// <summary>Makes the pools those of the configuration, and those that a leaving VIP still needs.</summary>
    private void ReconcilePools(bool isStart)
    {
        var needed = _vips.SelectMany(vip => vip.Options.Listeners).SelectMany(listener => listener.Pools).ToHashSet();
        var wanted = _options.Pools.ToDictionary(pool => pool.Name);
        foreach (var gone in _pools.Values.Where(pool => !wanted.ContainsKey(pool.Options.Name)).ToList())
        {
            if (needed.Contains(gone.Options.Name))
                continue;
            gone.Backends.ForEach(backend => Remove(backend, gone.Options.Check));
            _pools.Remove(gone.Options.Name);
        }
        foreach (var options in _options.Pools)
        {
            if (!_pools.TryGetValue(options.Name, out var pool))
                _pools[options.Name] = pool = new(options with { Backends = [] });
            Reconcile(pool, options, isStart);
        }
    }

    private void Reconcile(PoolUnit pool, PoolOptions options, bool isStart)
    {
        var before = pool.Options;
        // Lists compare by reference: an equal one must not look like a change.
        pool.Options = before.Backends.SequenceEqual(options.Backends)
            ? options with { Backends = before.Backends }
            : options;
        var hasOtherCheck = before.Check.Name != options.Check.Name;
        var old = pool.Backends.ToDictionary(backend => backend.Options.Name);
        pool.Backends.Clear();
        foreach (var wanted in options.Backends)
        {
            if (old.Remove(wanted.Name, out var backend) && !backend.Options.Endpoint.Equals(wanted.Endpoint))
            {
                Remove(backend, before.Check);
                backend = null;
            }
            else if (backend is not null && hasOtherCheck)
            {
                _checks.Stop(new(backend.Subject, before.Check.Name));
            }
            backend ??= NewBackend(pool, wanted, isStart);
            backend.Options = wanted;
            pool.Backends.Add(backend);
            StartCheckOf(pool, backend);
        }
        foreach (var gone in old.Values)
            Remove(gone, before.Check);
        if (!isStart && before != pool.Options)
            Spread(cause: 0);
    }

    private BackendUnit NewBackend(PoolUnit pool, BackendOptions options, bool isStart)
    {
        var order = _drains.Find(new DrainTarget.Backend(pool.Options.Name, options.Name));
        var state = BackendHealth.Initial(_now, order is not null, order?.Reason ?? "");
        // The proxy may know one of this name from before.
        var backend = new BackendUnit(pool.Options.Name, options, state with { Generation = _goneGeneration })
        {
            IsCounted = isStart,
        };
        backend.Note(order, _now);
        return backend;
    }

    private void StartCheckOf(PoolUnit pool, BackendUnit backend)
    {
        var check = pool.Options.Check;
        var order = new StartCheck(new(backend.Subject, check.Name), check.Kind,
            TargetOf(check.Kind, backend.Options.Endpoint), OnLoopback: false, check.Settings)
        {
            ProxyProtocol = pool.Options.SendProxyProtocol,
        };
        if (_checks.Start(order, _now, backend: backend) is not null)
            backend.CheckEpochBase = backend.State.Epoch;
    }

    private void Remove(BackendUnit backend, CheckOptions check)
    {
        _goneGeneration = Math.Max(_goneGeneration, backend.State.Generation);
        _checks.Stop(new(backend.Subject, check.Name));
    }

    /// <summary>
    /// Brings the VIPs as near to the configuration as those allow that are still on their way down: an address has one
    /// VIP at a time.
    /// </summary>
    private void ReconcileVips(bool isStart, ulong cause)
    {
        var wanted = _options.Vips.ToDictionary(vip => vip.Settings.Name);
        foreach (var vip in _vips)
        {
            vip.LeavingReason = LeavingReason(vip.Options, wanted.GetValueOrDefault(vip.Name));
            OrderDrain(vip, cause);
        }
        var taken = _vips.Where(vip => vip.LeavingReason is not null)
            .SelectMany(vip => vip.Options.Addresses).ToHashSet();
        foreach (var vip in _vips.Where(vip => vip.LeavingReason is null))
        {
            var options = wanted[vip.Name];
            var added = options.Addresses.Except(vip.Options.Addresses);
            if (!added.Any(taken.Contains))
                Adopt(vip, options, cause);
        }
        foreach (var options in _options.Vips.Where(options => !_vips.Exists(vip => vip.Name == options.Settings.Name)))
        {
            if (!options.Addresses.Any(taken.Contains))
                Add(options, isStart);
        }
        var order = _options.Vips.Select((vip, index) => (vip.Settings.Name, index))
            .ToDictionary(pair => pair.Name, pair => pair.index);
        var sorted = _vips.OrderBy(vip => order.GetValueOrDefault(vip.Name, int.MaxValue)).ToList();
        _vips.Clear();
        _vips.AddRange(sorted);
    }

    private static string? LeavingReason(VipOptions current, VipOptions? wanted)
    {
        if (wanted is null)
            return "removed from the configuration";
        if (wanted.Settings.HasListeners != current.Settings.HasListeners)
            return "it serves in another way now";
        if (current.Addresses.Except(wanted.Addresses).Any())
            return "its addresses changed";
        return current.Prefixes.Except(wanted.Prefixes).Any() ? "its prefixes changed" : null;
    }

    private void Add(VipOptions options, bool isStart)
    {
        var order = _drains.Covering(new DrainTarget.Vip(options.Settings.Name));
        var state = VipGate.Initial(options.Settings, _now, order is not null, order?.Reason ?? "");
        state = state with { ConnectionTimeout = order?.ConnectionTimeout };
        // Of what a reload adds nothing is announced; damping goes on from where one of the same name left.
        if (!isStart)
            state = state with { Announcement = Announcement.None };
        if (_lastTransitions.Remove(options.Settings.Name, out var last))
            state = state with { LastTransition = last };
        var vip = new VipUnit(options, state);
        if (!isStart)
            vip.AnnouncementReason = "added to the configuration";
        _vips.Add(vip);
        StartChecksOf(vip, areCounted: true);
    }

    private void Adopt(VipUnit vip, VipOptions options, ulong cause)
    {
        var before = vip.Options;
        if (IsSame(before, options))
            return;
        foreach (var pair in vip.Pairs.Except(VipUnit.PairsOf(options)))
            _checks.Stop(VipUnit.ProbeId(vip.Subject, pair));
        vip.Adopt(options);
        foreach (var check in before.Checks.Where(check => options.Checks.All(other => other.Name != check.Name)))
        {
            if (_checks.Find(new(vip.Subject, check.Name)) is { Judged: { } judged })
                vip.RetiredChecks.Add(new(check.Name, judged.Verdict, judged.Reason));
            _checks.Stop(new(vip.Subject, check.Name));
        }
        StartChecksOf(vip, areCounted: false);
        if (vip.NeedsAddresses && options.Addresses.Except(before.Addresses).Any())
            _addresses.IsOrderOwed = true;
        if (options.Settings != before.Settings)
            Feed(vip, new VipReconfigured(options.Settings), cause);
        Touch(vip, cause);
    }

    private void StartChecksOf(VipUnit vip, bool areCounted)
    {
        foreach (var check in vip.Options.Checks)
        {
            var isNew = _checks.Find(new(vip.Subject, check.Name)) is null;
            var target = TargetOf(check.Kind, new(vip.Options.Addresses[0], 0));
            var order = new StartCheck(
                new(vip.Subject, check.Name), check.Kind, target, OnLoopback: target is not null, check.Settings);
            // One that is started anew keeps its last verdict; one that is new counts once it has a verdict.
            if (_checks.Start(order, _now, vip: vip) is { } started && isNew)
                started.IsCounted = areCounted;
        }
    }

    /// <summary>Forgets VIPs that have left; what waited for their names and addresses can come then.</summary>
    private bool ForgetGone()
    {
        var gone = _vips.FindAll(vip => vip is { LeavingReason: not null, State.Phase: VipPhase.Drained });
        if (gone.Count == 0)
            return false;
        foreach (var vip in gone)
        {
            foreach (var check in vip.Options.Checks)
                _checks.Stop(new(vip.Subject, check.Name));
            foreach (var pair in vip.Pairs)
                _checks.Stop(VipUnit.ProbeId(vip.Subject, pair));
            Note(Severity.Info, EventKind.Configuration, vip.Subject, $"gone: {vip.LeavingReason}");
            if (_options.Vips.Any(wanted => wanted.Settings.Name == vip.Name))
                _lastTransitions[vip.Name] = vip.State.LastTransition;
            _vips.Remove(vip);
        }
        ReconcileVips(isStart: false, cause: 0);
        ReconcilePools(isStart: false);
        return true;
    }

    private static bool IsSame(VipOptions one, VipOptions other) =>
        one.Addresses.SequenceEqual(other.Addresses) && one.Listeners.SequenceEqual(other.Listeners)
        && one.Checks.SequenceEqual(other.Checks) && one.Prefixes.SequenceEqual(other.Prefixes)
        && one with
        {
            Addresses = other.Addresses,
            Listeners = other.Listeners,
            Checks = other.Checks,
            Prefixes = other.Prefixes,
        } == other;
}

using System.Net;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <content>VIPs: what their machines are told, and what they want done.</content>
public sealed partial class GateEngine
{
    private static readonly CheckSettings ProbeSettings = new()
    {
        Interval = TimeSpan.FromSeconds(1),
        FastInterval = TimeSpan.FromMilliseconds(100),
        Timeout = TimeSpan.FromMilliseconds(500),
        Rise = 1,
        Fall = 2,
        StaleAfter = TimeSpan.FromSeconds(3),
    };

    private void SettleVips()
    {
        bool hasMoved;
        do
        {
            hasMoved = false;
            foreach (var vip in _vips.Where(vip => vip.IsDirty || vip.State.NextDeadline <= _now).ToList())
            {
                Feed(vip, vip.IsDirty ? new FactsSeen(FactsOf(vip)) : new VipTimersDue(), vip.PendingCause);
                hasMoved = true;
            }
            foreach (var vip in _vips.Where(HasNoneLeft).ToList())
            {
                Feed(vip, new ConnectionsCounted(TimeSpan.MaxValue, 0, 0), cause: 0);
                hasMoved = true;
            }
            hasMoved |= ForgetGone();
        }
        while (hasMoved);
    }

    private void Feed(VipUnit vip, VipInput input, ulong cause)
    {
        _mayOrder = true;
        if (input is FactsSeen)
            vip.IsDirty = false;
        (vip.State, var actions) = VipGate.Next(vip.State, input, _now);
        // What changed the status caused the announcement too.
        if (actions.OfType<VipStatusChanged>().FirstOrDefault() is { } status)
        {
            vip.Cause = cause;
            cause = Note(SeverityOf(status.To), EventKind.Vip, vip.Subject,
                $"{Lower(status.From)} → {Lower(status.To)}: {status.Reason}", cause);
        }
        foreach (var action in actions)
            CarryOut(vip, action, cause);
        vip.PendingCause = 0;
    }

    private void CarryOut(VipUnit vip, VipAction action, ulong cause)
    {
        switch (action)
        {
            case SetAddress:
                (vip.AddressRevision, _addresses.IsOrderOwed) = (_addresses.NextRevision, true);
                break;
            case SetListener { Open: true }:
                (vip.ListenerRevision, _proxy.IsTableOwed) = (_proxy.NextRevision, true);
                // Those that the proxy kept open are there without an order.
                vip.IsDirty |= vip.KeepsListeners;
                break;
            case SetListener:
                vip.KeepsListeners = false;
                break;
            case SetSelfProbe probe:
                SetProbes(vip, probe.Runs);
                break;
            case SetAnnouncement announcement:
                (vip.AnnouncementRevision, _speaker.IsOwed) = (_speaker.NextRevision, true);
                vip.AnnouncementReason = announcement.Reason;
                NoteAnnouncement(vip, announcement, cause);
                break;
            case CountConnections count:
                Count(vip, count.Since);
                break;
            case CloseConnections close:
                Close(vip.Counter, vip, close.StrandedSince, close.Window);
                break;
        }
    }

    private void NoteAnnouncement(VipUnit vip, SetAnnouncement announcement, ulong cause)
    {
        var text = announcement.What switch
        {
            Announcement.None => "withdrawn",
            Announcement.Draining => "announced as a worse path",
            Announcement.Standby => "announced as standby",
            _ => "announced",
        };
        var isFault = announcement.What == Announcement.None && !vip.State.IsDrained;
        Note(isFault ? Severity.Warning : Severity.Info, EventKind.Announcement, vip.Subject,
            announcement.Reason.Length > 0 ? $"{text}: {announcement.Reason}" : text, cause);
    }

    private static Severity SeverityOf(VipStatus status) => status switch
    {
        VipStatus.Down or VipStatus.Blocked => Severity.Error,
        VipStatus.Damped or VipStatus.Standby => Severity.Warning,
        _ => Severity.Info,
    };

    // ------------------------------------------------------------------------------------------ Facts

    private VipFacts FactsOf(VipUnit vip)
    {
        vip.Listening.UnionWith(vip.Options.Addresses.Where(address => AddressOf(vip, address).IsProven));
        JoinProven(vip);
        var ports = vip.Joined.Select(pair => pair.Port).ToHashSet();
        var pairs = vip.Pairs.Where(vip.Joined.Contains).ToList();
        return new()
        {
            Pools = PoolsOf(vip.Options.Listeners.Where(listener => ports.Contains(listener.Port))),
            Checks = ChecksOf(vip),
            Address = All(pairs.Select(pair => AddressOf(vip, pair.Address))),
            Listener = All(pairs.Select(pair => ListenerOf(vip, pair))),
            SelfProbe = All(pairs.Select(pair => ProbeOf(vip, pair))),
            Refusal = vip.JoinedPrefixes.Select(_speaker.RefusalOf).FirstOrDefault(text => text.Length > 0) ?? "",
        };
    }

    private void JoinProven(VipUnit vip)
    {
        if (!vip.State.IsAnnounced)
            vip.JoinAll();
        foreach (var pair in vip.Pairs.ToList())
        {
            // What a reload added has a self-probe once it has a listener.
            if (vip.State.WantsSelfProbe && ListenerOf(vip, pair).IsProven)
                _checks.Start(ProbeOrder(vip, pair), _now, vip: vip);
            if (!vip.Joined.Contains(pair) && IsProven(vip, pair))
                vip.Joined.Add(pair);
        }
        vip.JoinPrefixes();
    }

    private bool IsProven(VipUnit vip, IPEndPoint pair)
    {
        if (!AddressOf(vip, pair.Address).IsProven)
            return false;
        var listener = vip.Options.Listeners.FirstOrDefault(listener => listener.Port == pair.Port);
        return listener is null || ListenerOf(vip, pair).IsProven && ProbeOf(vip, pair).IsProven
            && VipHealth.OfPools(vip.Options.Settings, PoolsOf([listener])).IsServing;
    }

    private IReadOnlyList<PoolCount> PoolsOf(IEnumerable<ListenerOptions> listeners) =>
        [.. listeners.SelectMany(listener => listener.Pools).Distinct().Select(pool => _pools[pool].Count())];

    private IReadOnlyList<VipCheck> ChecksOf(VipUnit vip)
    {
        var checks = vip.Options.Checks.Select(check => _checks.Find(new(vip.Subject, check.Name))!).ToList();
        if (checks.TrueForAll(check => check.IsCounted))
            vip.RetiredChecks.Clear();
        return
        [
            .. from check in checks
               where check.IsCounted
               let state = check.State is { Verdict: not CheckVerdict.Unknown } ? check.State : check.Judged
               select new VipCheck(
                   check.Id.Check, state?.Verdict ?? CheckVerdict.Unknown, state?.Reason ?? "no result yet"),
            .. vip.RetiredChecks,
        ];
    }

    private Finding AddressOf(VipUnit vip, IPAddress address)
    {
        // Until an order has been answered what is being removed counts as there.
        if (!vip.State.WantsAddress)
            return _addresses.Answered < vip.AddressRevision ? vip.State.Facts.Address : VipFacts.NotSeen;
        if (_addresses.Fault is { } fault)
            return new(Proof.Broken, $"addresses cannot be seen to: {fault}");
        if (_addresses.Answered < vip.AddressRevision)
            return new(Proof.Unknown, $"{address} is being put on lo");
        return _addresses.Find(address) switch
        {
            { State: AddressState.Present } => new(Proof.Proven, $"{address} is on lo"),
            { Reason.Length: > 0 } status => new(Proof.Broken, status.Reason),
            _ => new(Proof.Broken, $"{address} is not on lo"),
        };
    }

    private Finding ListenerOf(VipUnit vip, IPEndPoint pair)
    {
        if (!vip.HasListeners)
            return VipFacts.NotSeen;
        if (_proxy.IsGone)
            return new(Proof.Broken, _proxy.GoneReason);
        var listener = _proxy.Find(pair);
        var open = new Finding(Proof.Proven, $"the proxy accepts on {pair}");
        if (!vip.State.WantsListener)
            return vip.State.Phase > VipPhase.Serving && listener is { IsOpen: true } ? open : VipFacts.NotSeen;
        // What an earlier gate had opened stays open while the first table of this one is on its way.
        if (vip.KeepsListeners && listener is { IsOpen: true } && !_proxy.HasReportedSince(vip.ListenerRevision))
            return open;
        if (_proxy.IsRefusedWhole && _proxy.Applied < vip.ListenerRevision)
            return new(Proof.Broken, $"the proxy refuses its table: {string.Join("; ", _proxy.Refused)}");
        if (!_proxy.HasReportedSince(vip.ListenerRevision) || !vip.Listening.Contains(pair.Address))
            return new(Proof.Unknown, $"the proxy has not opened {pair} yet");
        return listener switch
        {
            { IsOpen: true } => open,
            { Reason.Length: > 0 } => new(Proof.Broken, $"the proxy cannot listen on {pair}: {listener.Reason}"),
            _ => new(Proof.Broken, _proxy.Refused.FirstOrDefault(text => text.StartsWith(
                $"listener {pair}:", StringComparison.Ordinal)) ?? $"the proxy does not listen on {pair}"),
        };
    }

    private Finding ProbeOf(VipUnit vip, IPEndPoint pair)
    {
        if (!vip.HasListeners || !vip.State.WantsSelfProbe)
            return VipFacts.NotSeen;
        if (_proxy.IsGone)
            return new(Proof.Broken, _proxy.GoneReason);
        return _checks.Find(VipUnit.ProbeId(vip.Subject, pair))?.State switch
        {
            null or { Verdict: CheckVerdict.Unknown } => new(Proof.Unknown, $"{pair} is being probed"),
            { Verdict: CheckVerdict.Passing } => new(Proof.Proven, $"the probe through {pair} reaches the proxy"),
            var state => new(Proof.Broken, $"the probe through {pair}: {state.Reason}"),
        };
    }

    private static Finding All(IEnumerable<Finding> findings) =>
        findings.OrderBy(finding => finding.Proof switch { Proof.Broken => 0, Proof.Unknown => 1, _ => 2 }).First();

    // ------------------------------------------------------------------------------------------ Self-probes

    private static StartCheck ProbeOrder(VipUnit vip, IPEndPoint pair) => new(
        VipUnit.ProbeId(vip.Subject, pair), new CheckKind.Tcp(), pair, OnLoopback: true, ProbeSettings);

    private void SetProbes(VipUnit vip, bool run)
    {
        foreach (var pair in vip.Pairs)
        {
            if (run)
                _checks.Restart(ProbeOrder(vip, pair), _now, vip);
            else
                _checks.Stop(VipUnit.ProbeId(vip.Subject, pair));
        }
    }

    private void TakeAddresses(AddressesSeen seen)
    {
        var faultBefore = _addresses.Fault;
        var cause = 0UL;
        foreach (var status in _addresses.Take(seen, _now))
        {
            cause = status.State == AddressState.Present
                ? Note(Severity.Info, EventKind.Address, Node, $"{status.Address} is on lo")
                : Note(Severity.Error, EventKind.Address, Node, $"{status.Address}: {status.Reason}");
            foreach (var vip in _vips.Where(vip => vip.Options.Addresses.Contains(status.Address)))
                Touch(vip, cause);
        }
        if (seen.Fault is { } fault && fault != faultBefore)
            Spread(Note(Severity.Error, EventKind.Fault, Node, $"addresses cannot be seen to: {fault}"));
        Spread(cause: 0);
    }
}

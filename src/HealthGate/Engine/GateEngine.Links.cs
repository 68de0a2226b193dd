using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <content>What the proxy and the speaker say, and what they are told.</content>
public sealed partial class GateEngine
{
    private void HandleProxy(GateInput input)
    {
        switch (input)
        {
            case ProxyConnected connected:
                TakeProxy(connected);
                break;
            case ProxyLost lost:
                LoseProxy(lost.Reason);
                break;
            case ProxyHandedOver:
                _proxy.HandOver();
                break;
            case TableApplied applied:
                TakeApplied(applied);
                break;
            case ListenersReported reported:
                TakeListeners(reported.Listeners);
                break;
            case ConnectionsCountedByProxy count:
                TakeCount(count);
                break;
            case ConnectionsClosedByProxy closed:
                TakeClosed(closed);
                break;
        }
    }

    private void TakeProxy(ProxyConnected connected)
    {
        if (_proxy.TrySucceed(connected.KeptRevision, _now))
        {
            Note(Severity.Info, EventKind.Process, "proxy", "another process has taken over from the proxy");
            RepeatRequests();
            return;
        }
        _proxy.Connect(connected.KeptRevision, _now);
        ForgetRequests();
        var kept = connected.KeptRevision == 0 ? "it has no table" : "it works with the table it was given before";
        var cause = Note(Severity.Info, EventKind.Process, "proxy", $"the proxy is connected; {kept}");
        foreach (var vip in _vips)
        {
            Touch(vip, cause);
            if (vip.State.WantsListener)
                vip.ListenerRevision = _proxy.NextRevision;
            // What was proven before says nothing of this proxy.
            if (vip.State.WantsSelfProbe)
                SetProbes(vip, run: true);
        }
    }

    private void LoseProxy(string reason)
    {
        if (!_proxy.Lose(reason, _now))
            return;
        var cause = Note(Severity.Error, EventKind.Process, "proxy", _proxy.GoneReason);
        ForgetRequests();
        foreach (var backend in Backends)
            backend.Report = null;
        foreach (var vip in _vips)
        {
            vip.KeepsListeners = false;
            Touch(vip, cause);
        }
    }

    private void TakeApplied(TableApplied applied)
    {
        var before = _proxy.Refused;
        _proxy.Apply(applied);
        var cause = 0UL;
        // Each table tells again what cannot be put in force.
        foreach (var refused in applied.Refused.Except(before))
            cause = Note(Severity.Error, EventKind.Listener, Node, applied.IsRefusedWhole
                ? $"the proxy refuses its table: {refused}"
                : refused);
        CountDrainedBackends();
        Spread(cause);
    }

    private void TakeListeners(IReadOnlyList<ProxyListener> listeners)
    {
        foreach (var vip in _vips.Where(vip => _proxy.IsKept && vip.State.Phase < VipPhase.Listener))
            vip.KeepsListeners |= listeners.Any(
                listener => listener.IsOpen && vip.Pairs.Contains(listener.Endpoint));
        foreach (var listener in _proxy.Report(listeners))
        {
            var owner = _vips.Find(vip => vip.Pairs.Contains(listener.Endpoint));
            var cause = listener.IsOpen
                ? Note(Severity.Info, EventKind.Listener, owner?.Subject ?? Node,
                    Join($"the proxy accepts on {listener.Endpoint}", listener.Reason))
                : Note(Severity.Error, EventKind.Listener, owner?.Subject ?? Node,
                    Join($"the proxy does not accept on {listener.Endpoint}", listener.Reason));
            if (owner is not null)
                Touch(owner, cause);
        }
        Spread(cause: 0);
    }

    private static string Join(string text, string reason) => reason.Length > 0 ? $"{text}: {reason}" : text;

    private SendTable? OrderTable() => _proxy.Order(
        [
            .. from vip in _vips
               where vip.NeedsListeners
               from address in vip.Options.Addresses
               where vip.Listening.Contains(address)
               from listener in vip.Options.Listeners
               select new TableListener(vip.Name, address, listener),
        ],
        [.. _pools.Values.Select(pool => pool.ToTable(_epoch))],
        _options.MaxConnections,
        Backends.All(backend => backend.State.State != BackendState.Unknown || !backend.IsCounted));

    // ------------------------------------------------------------------------------------------ Speaker

    private void HandleSpeaker(GateInput input)
    {
        switch (input)
        {
            case SpeakerConnected connected:
                _speaker.Connect(connected.TookOver, _now);
                Note(Severity.Info, EventKind.Process, "speaker", connected.TookOver
                    ? "the speaker is connected, and holds what was announced before"
                    : "the speaker is connected");
                foreach (var vip in _vips)
                    vip.AnnouncementRevision = _speaker.NextRevision;
                break;
            case SpeakerLost lost when _speaker.Lose(lost.Reason, _now):
                Note(Severity.Error, EventKind.Process, "speaker", $"the speaker is gone: {lost.Reason}");
                break;
            case DeclarationJudged judged:
                TakeJudged(judged);
                break;
            case DeliveryReported report:
                TakeDelivery(report);
                break;
        }
    }

    private void TakeJudged(DeclarationJudged judged)
    {
        var changed = _speaker.Judge(judged);
        foreach (var prefix in changed)
        {
            var text = _speaker.RefusalOf(prefix);
            var cause = text.Length > 0
                ? Note(Severity.Error, EventKind.Announcement, $"prefix {prefix}", $"the speaker refuses it: {text}")
                : Note(Severity.Info, EventKind.Announcement, $"prefix {prefix}", "the speaker takes it");
            foreach (var vip in _vips.Where(vip => vip.Options.Prefixes.Contains(prefix)))
                Touch(vip, cause);
        }
    }

    private void TakeDelivery(DeliveryReported report)
    {
        var waiting = _vips.FindAll(vip => !_speaker.IsDelivered(vip.AnnouncementRevision));
        _speaker.Deliver(report);
        foreach (var vip in waiting.Where(vip => _speaker.IsDelivered(vip.AnnouncementRevision)))
        {
            if (vip.State.Announcement != Announcement.Unknown && report.Peers.Any(peer => peer.IsEstablished))
                Note(Severity.Info, EventKind.Announcement, vip.Subject, vip.State.IsAnnounced
                    ? "every peer has acknowledged the announcement"
                    : "every peer has acknowledged the withdraw");
            Feed(vip, new RouteDelivered(vip.State.Announcement), cause: 0);
        }
        var isLostWithdrawn = _vips.TrueForAll(vip => !vip.State.WantsAddress
            || !vip.State.IsAnnounced && _speaker.IsDelivered(vip.AnnouncementRevision)
            || vip.Options.Addresses.All(address => AddressOf(vip, address).IsProven));
        if (isLostWithdrawn)
            _addresses.HurryFirstRetry(_now);
    }

    private List<Declaration> Declarations()
    {
        var owners = _vips.SelectMany(vip => vip.JoinedPrefixes, (vip, prefix) => (vip, prefix))
            .ToLookup(pair => pair.prefix, pair => pair.vip);
        var declarations = new List<Declaration>();
        foreach (var vip in _vips)
        {
            List<string> own = [.. vip.Options.Prefixes
                .Where(prefix => vip.JoinedPrefixes.Contains(prefix) && owners[prefix].Count() == 1)];
            if (own.Count > 0)
                declarations.Add(Declare(vip.Name, vip.State.Announcement, vip.AnnouncementReason, own, [vip]));
        }
        foreach (var prefix in owners.Where(sharers => sharers.Count() > 1))
        {
            var reason = string.Join("; ", prefix.Select(vip => $"{vip.Name}: {vip.AnnouncementReason}"));
            declarations.Add(Declare(prefix.Key, Decide([.. prefix]), reason, [prefix.Key], [.. prefix]));
        }
        return declarations;
    }

    private static Announcement Decide(List<VipUnit> sharers) => SharedPrefix.Decide(
        sharers[0].Options.PrefixPolicy, [.. sharers.Select(vip => vip.State.Announcement)]);

    private Declaration Declare(
        string name, Announcement what, string reason, List<string> prefixes, List<VipUnit> vips)
    {
        // The time for the stop is over: nothing may stay announced behind a process that ends.
        if (_isStopOver)
            what = Announcement.None;
        var speaking = vips.FirstOrDefault(vip => vip.State.Announcement == what) ?? vips[0];
        var route = what switch
        {
            Announcement.Standby => speaking.Options.StandbyRoute,
            Announcement.Draining => speaking.Options.DrainRoute,
            _ => speaking.Options.Route,
        };
        return new(name, what, reason, prefixes, route);
    }
}

using System.Net;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <content>What the gate knows, for its API.</content>
public sealed partial class GateEngine
{
    /// <summary>All that the gate knows.</summary>
    /// <param name="now">Since the shell's origin.</param>
    public GateView View(TimeSpan now) => new(
        now,
        _options,
        _configuredAt,
        Verdict(),
        [.. _vips.Select(Stand)],
        [.. _pools.Values.SelectMany(pool => pool.Backends).Select(Stand)],
        [.. _checks.All.Select(check => new CheckStanding(
            check.Id, check.Order.Kind, check.Order.Settings, check.State))],
        _drains,
        _persistError,
        _speaker.Link,
        _proxy.Link,
        _speaker.Peers,
        [.. Alarms()]);

    /// <summary>Why a VIP is announced or not, in causal order; null: there is no such VIP.</summary>
    /// <param name="vip">Its name.</param>
    /// <param name="now">Since the shell's origin.</param>
    public IReadOnlyList<ExplainFinding>? Explain(string vip, TimeSpan now)
    {
        if (_vips.Find(unit => unit.Name == vip) is not { } unit)
            return null;
        var chain = new List<ExplainFinding>();
        foreach (var finding in Findings(unit, now))
        {
            var isReached = chain.TrueForAll(before => before.Result is ExplainResult.Ok or ExplainResult.Degraded);
            chain.Add(isReached ? finding : finding with { Result = ExplainResult.NotReached, Remedy = "" });
        }
        return chain;
    }

    private string Verdict()
    {
        var announced = _vips.Count(vip => vip.State.IsAnnounced);
        var text = $"{announced} of {_vips.Count} VIPs announced";
        var trouble = _vips.Find(vip => vip.State.Status is VipStatus.Down or VipStatus.Blocked)
            ?? _vips.Find(vip => !vip.State.IsAnnounced);
        return this switch
        {
            { _stopBy: not null } => $"stopping: {text}",
            { _vips.Count: 0 } => "idle: no VIP is configured",
            _ when _vips.TrueForAll(vip => vip.State.Status == VipStatus.Drained) => "drained: no VIP is announced",
            _ when !_speaker.Link.IsConnected => $"not connected to the speaker: {_speaker.Link.Reason}",
            _ when trouble is null => $"serving: {text}",
            _ => $"{(announced > 0 ? "degraded" : "not serving")}: {text}; {trouble.Name}: {trouble.State.Reason}",
        };
    }

    private IEnumerable<string> Alarms()
    {
        if (_persistError is { } error)
            yield return $"the drains in force could not be saved: {error}";
        if (!_speaker.Link.IsConnected)
            yield return $"the speaker is not connected: {_speaker.Link.Reason}";
        if (!_proxy.Link.IsConnected && _vips.Exists(vip => vip.HasListeners))
            yield return $"the proxy is not connected: {_proxy.Link.Reason}";
        if (_addresses.Fault is { } fault)
            yield return $"addresses cannot be seen to: {fault}";
        foreach (var status in _addresses.Troubles)
            yield return $"{status.Address}: {status.Reason}";
        if (_proxy.IsRefusedWhole)
            yield return $"the proxy refuses its table: {string.Join("; ", _proxy.Refused)}";
        else
            foreach (var refused in _proxy.Refused)
                yield return refused;
        foreach (var listener in _proxy.Listeners.Where(listener => !listener.IsOpen))
            yield return Join($"the proxy does not accept on {listener.Endpoint}", listener.Reason);
        foreach (var refused in _speaker.Refused)
            yield return $"the speaker refuses {refused.Prefix}: {refused.Text}";
    }

    private VipStanding Stand(VipUnit vip) => new(
        vip.Options,
        vip.State,
        [.. vip.Pairs.Select(pair => Stand(vip, pair))],
        [.. vip.Options.Prefixes.Select(prefix => Stand(vip, prefix))],
        vip.Counter?.Standing,
        _speaker.Link.IsConnected && _speaker.IsDelivered(vip.AnnouncementRevision),
        vip.LeavingReason is not null,
        vip.Cause);

    private PortStanding Stand(VipUnit vip, IPEndPoint pair) => new(
        pair,
        vip.Options.Listeners.FirstOrDefault(listener => listener.Port == pair.Port)?.Pool ?? "",
        AddressOf(vip, pair.Address),
        _addresses.Find(pair.Address) is { State: AddressState.Foreign },
        ListenerOf(vip, pair),
        ProbeOf(vip, pair));

    private PrefixStanding Stand(VipUnit vip, string prefix)
    {
        if (!vip.JoinedPrefixes.Contains(prefix))
            return new(prefix, Announcement.None, IsRefused: false, "its addresses are being proven first");
        var sharers = _vips.FindAll(other => other.JoinedPrefixes.Contains(prefix));
        var what = Decide(sharers);
        var others = string.Join(", ", sharers.Where(other => other != vip).Select(other => other.Name));
        var refusal = _speaker.RefusalOf(prefix);
        var reason = refusal.Length > 0 ? refusal
            : what != vip.State.Announcement ? $"shared with {others}"
            : "";
        return new(prefix, what, refusal.Length > 0, reason);
    }

    private BackendStanding Stand(BackendUnit backend) => new(
        backend.Pool, backend.Options, backend.State, WireGeneration(backend), backend.Report,
        backend.DrainedSince, backend.ConnectionsEndAt, backend.State.IsDrained ? backend.Counter?.Standing : null,
        backend.Cause);

    // ------------------------------------------------------------------------------------------ Explain

    private IEnumerable<ExplainFinding> Findings(VipUnit vip, TimeSpan now)
    {
        var links = VipView.Explain(vip.State, now);
        yield return vip.LeavingReason is { } leaving
            ? new(ExplainStep.Configuration, ExplainResult.Broken, leaving, "put it back, and reload")
            : new(ExplainStep.Configuration, ExplainResult.Ok, "configured", "");
        foreach (var link in links.Where(link => link.Step == LinkStep.Drain))
            yield return ToFinding(vip, link);
        if (vip.HasListeners)
            yield return ExplainProxy();
        foreach (var link in links.Where(link => link.Step is not (LinkStep.Drain or LinkStep.Speaker)))
            yield return ToFinding(vip, link);
        yield return ExplainLease(now);
        foreach (var link in links.Where(link => link.Step == LinkStep.Speaker))
            yield return ToFinding(vip, link);
        yield return ExplainPeers();
        yield return ExplainDelivery(vip);
    }

    private static ExplainFinding ToFinding(VipUnit vip, ExplainLink link)
    {
        var step = link.Step switch
        {
            LinkStep.Drain => ExplainStep.Drain,
            LinkStep.Checks => ExplainStep.Checks,
            LinkStep.Backends => ExplainStep.Backends,
            LinkStep.Address => ExplainStep.Address,
            LinkStep.Listener => ExplainStep.Listener,
            LinkStep.SelfProbe => ExplainStep.SelfProbe,
            LinkStep.Damping => ExplainStep.Damping,
            _ => ExplainStep.Speaker,
        };
        return link.Result == LinkResult.Broken
            ? new(step, ExplainResult.Broken, link.Text, link.Remedy, vip.State.Since, vip.Cause)
            : new(step, ExplainResult.Ok, link.Text, "");
    }

    private ExplainFinding ExplainProxy() => _proxy.Link.IsConnected
        ? new(ExplainStep.Proxy, ExplainResult.Ok, "the proxy is connected", "", _proxy.Link.Since)
        : new(ExplainStep.Proxy, ExplainResult.Broken, _proxy.GoneReason,
            "see that the proxy runs, and what it says when it starts", _proxy.Link.Since);

    private ExplainFinding ExplainLease(TimeSpan now)
    {
        var link = _speaker.Link;
        if (link.IsConnected)
            return new(ExplainStep.Lease, ExplainResult.Ok,
                $"the speaker holds the lease, {_options.LeaseTtl.TotalSeconds:0.###} s", "", link.Since);
        var isOver = now - link.Since >= _options.LeaseTtl;
        return new(ExplainStep.Lease, isOver ? ExplainResult.Broken : ExplainResult.Degraded,
            $"the speaker is not connected: {link.Reason}",
            "see that the speaker runs, and what it says when it starts", link.Since);
    }

    private ExplainFinding ExplainPeers()
    {
        // Its lease holds what it announced: the link before this one says how it stands.
        if (!_speaker.Link.IsConnected)
            return new(ExplainStep.Peers, ExplainResult.Degraded, "the speaker is not there to tell of its peers", "");
        var down = _speaker.Peers.Where(peer => !peer.IsEstablished).Select(peer => peer.Peer).ToList();
        var text = $"{_speaker.Peers.Count - down.Count} of {_speaker.Peers.Count} peers are Established";
        if (down.Count == 0 && _speaker.Peers.Count > 0)
            return new(ExplainStep.Peers, ExplainResult.Ok, text, "");
        return down.Count == _speaker.Peers.Count
            ? new(ExplainStep.Peers, ExplainResult.Broken, text, "look at the peers: vipctl peers")
            : new(ExplainStep.Peers, ExplainResult.Degraded, $"{text}, not {string.Join(", ", down)}",
                "look at the peers: vipctl peers");
    }

    private ExplainFinding ExplainDelivery(VipUnit vip)
    {
        if (_speaker.IsDelivered(vip.AnnouncementRevision))
            return new(ExplainStep.Delivery, ExplainResult.Ok, "every Established peer has acknowledged it", "");
        var owing = _speaker.Peers.Where(peer => peer is { IsEstablished: true, AcknowledgedAt: null })
            .Select(peer => peer.Peer);
        return new(ExplainStep.Delivery, ExplainResult.Degraded,
            Join("an acknowledgement is waited for", string.Join(", ", owing)), "look at the peers: vipctl peers");
    }
}

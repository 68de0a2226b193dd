using System.Net;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>What must hold whatever happens.</summary>
internal enum Law
{
    NeverUnproven,
    NeverDrained,
    OnlyAllowed,
    OnlyLeased,
    PlannedOrder,
    OneTransitionPerDwell,
    GenerationsGrow,
    NoSpin,
    Serves,
    Stops,
    RestartsMoveNoRoute,
}

/// <summary>A law was broken.</summary>
internal sealed class LawBroken(Law law, string what) : Exception($"{law}: {what}")
{
    public Law Law { get; } = law;
}

/// <summary>Watches the node: what is announced against the truth, and the order of the orders.</summary>
internal sealed class NodeLaws(NodeWorld world)
{
    private static readonly TimeSpan Seconds1 = TimeSpan.FromSeconds(1);

    /// <summary>How long each kind of fault may stay announced by a gate that is connected.</summary>
    private static readonly Dictionary<Flaw, TimeSpan> Bounds = new()
    {
        [Flaw.Address] = 0.1 * Seconds1,
        [Flaw.Listener] = 0.1 * Seconds1,
        [Flaw.Hung] = Seconds1,
        // The stale bound, and a second for the runs.
        [Flaw.Health] = 6 * Seconds1,
        // Both acknowledgements in vain and the pause between them.
        [Flaw.Drained] = 11.5 * Seconds1,
        [Flaw.Removed] = 11.5 * Seconds1,
    };

    private static readonly Member[] Members =
    [
        new(0, "203.0.113.1/32", "web", IPAddress.Parse("203.0.113.1"), "web"),
        new(1, "203.0.113.2/32", "web", IPAddress.Parse("203.0.113.2"), "web"),
        new(2, "203.0.113.9/32", "api", IPAddress.Parse("203.0.113.9"), "api"),
        new(3, "203.0.113.53/32", "dns", IPAddress.Parse("203.0.113.53"), null),
        new(4, NodeConfig.SharedPrefix, "one", IPAddress.Parse("198.51.100.1"), "low"),
        new(5, NodeConfig.SharedPrefix, "two", IPAddress.Parse("198.51.100.2"), "api"),
    ];

    private static readonly Flaw[] Flaws = Enum.GetValues<Flaw>();

    private static readonly ILookup<string, Member> ByPrefix = Members.ToLookup(member => member.Prefix);

    private readonly TimeSpan?[,] _since = new TimeSpan?[Members.Length, Flaws.Length];
    private readonly Dictionary<string, (Announcement What, TimeSpan? At)> _last = [];
    private readonly Dictionary<string, ulong> _generations = [];
    private DrainSet? _drains;
    private GateOptions? _options;
    private bool[] _isDrained = [];
    private bool[] _isConfigured = [];
    private IPEndPoint[][] _backends = [];
    private TimeSpan _gate;
    private SendTable? _table;
    private long _stream;
    private EnsureAddresses? _addresses;

    private enum Flaw
    {
        Address,
        Listener,
        Hung,
        Health,
        Drained,
        Removed,
    }

    private TimeSpan Now => world.Clock.Now;

    /// <summary>After each thing that happened.</summary>
    public void JudgeWorld()
    {
        Learn();
        foreach (var member in Members)
        {
            foreach (var flaw in Flaws)
                _since[member.Index, (int)flaw] = Has(member, flaw) ? Since(member, flaw) ?? Now : null;
        }
        Check(!world.Speaker.IsAnnounced(NodeConfig.RefusedPrefix), Law.OnlyAllowed, NodeConfig.RefusedPrefix);
        foreach (var members in ByPrefix)
        {
            if (!world.Speaker.IsAnnounced(members.Key))
                continue;
            if (world.Gate.Engine is null || !world.Speaker.IsConnected)
                JudgeLease(members.Key);
            else if (members.All(member => FindOverdue(member) is not null))
                Check(false,
                    FindOverdue(members.First()) is Flaw.Drained or Flaw.Removed ? Law.NeverDrained : Law.NeverUnproven,
                    $"{members.Key} is announced: {string.Join(", ", members.Select(FindOverdue))}");
        }
    }

    /// <summary>After each call of the engine.</summary>
    public void Judge(IReadOnlyList<GateAction> actions)
    {
        if (_gate != world.Gate.StartedAt)
        {
            (_gate, _table, _addresses) = (world.Gate.StartedAt, null, null);
            _last.Clear();
        }
        if (actions.Count == 0)
            return;
        var vips = world.Gate.Engine!.View(Now).Vips;
        foreach (var vip in vips)
        {
            JudgeAnnouncement(vip);
        }
        foreach (var gone in _last.Keys.Except(vips.Select(vip => vip.Options.Settings.Name)).ToList())
            _last.Remove(gone);
        foreach (var table in actions.OfType<SendTable>())
            JudgeTable(table, vips);
        foreach (var order in actions.OfType<EnsureAddresses>())
            JudgeAddresses(order, vips);
    }

    public void JudgeDeadline(TimeSpan deadline) => Check(deadline > Now, Law.NoSpin, $"deadline {deadline} at {Now}");

    public bool IsServing() => Members.All(
        member => !_isConfigured[member.Index] || world.Speaker.IsAnnounced(member.Prefix));

    public void JudgeServing(string when)
    {
        foreach (var member in Members.Where(member => _isConfigured[member.Index]))
            Check(world.Speaker.IsAnnounced(member.Prefix), Law.Serves, $"{member.Prefix} is not announced {when}: {
                world.Gate.Engine!.View(Now).Vips.FirstOrDefault(vip => vip.Options.Settings.Name == member.Vip)?
                    .State.Reason}");
        foreach (var vip in world.Gate.Engine!.View(Now).Vips.Where(vip => vip.State.Status == VipStatus.Up))
            Check(world.Gate.Engine.Explain(vip.Options.Settings.Name, Now)!.All(finding => finding.Remedy.Length == 0
                || finding.Step is ExplainStep.Peers or ExplainStep.Delivery), Law.Serves, $"{vip} has a broken link");
        var bad = world.Gate.Engine!.View(Now).Vips.Single(vip => vip.Options.Settings.Name == "bad");
        Check(bad.State.Status == VipStatus.Blocked, Law.OnlyAllowed, $"a refused VIP is {bad.State.Status}");
    }

    public void JudgeStopped()
    {
        Check(world.Gate.Engine!.IsStopped, Law.Stops, "the stop takes too long");
        foreach (var member in Members)
            Check(!world.Speaker.IsAnnounced(member.Prefix), Law.Stops, $"{member.Prefix} is announced after a stop");
    }

    public void JudgeCalm(int before) => Check(
        world.Speaker.Withdraws == before, Law.RestartsMoveNoRoute, "a restart of the gate withdrew a route");

    private void JudgeLease(string prefix) => Check(
        Now <= world.Speaker.LostAt + FakeSpeaker.Ttl + (0.2 * Seconds1) || Now == world.ResumedAt,
        Law.OnlyLeased, $"{prefix} outlives its lease");

    private Flaw? FindOverdue(Member member)
    {
        foreach (var flaw in Flaws)
        {
            if (Since(member, flaw) is not { } since || Now <= since + Bounds[flaw])
                continue;
            // What is not known yet to a gate that has just started is held for the lease, and not longer.
            TimeSpan[] excuses = [world.Speaker.ConnectedSince + FakeSpeaker.Ttl, world.ResumedAt, world.ReloadedAt];
            if (Now > excuses.Max() + Bounds[flaw])
                return flaw;
        }
        return null;
    }

    private bool Has(Member member, Flaw flaw) => flaw switch
    {
        Flaw.Address => !world.Kernel.Present.Contains(member.Address),
        Flaw.Listener => member.Pool is not null && !world.Proxy.Accepts(member.Endpoint),
        Flaw.Hung => member.Pool is not null && world.Proxy.IsHung,
        Flaw.Health => member.Pool is not null ? !_backends[member.Index].Any(world.Serves) : !world.DnsAnswers,
        Flaw.Drained => _isDrained[member.Index] || world.Gate.IsStopping,
        _ => !_isConfigured[member.Index],
    };

    // Looked up when they change and not at each step, for the speed of many runs.
    private void Learn()
    {
        if (_drains != world.Drains)
        {
            _drains = world.Drains;
            _isDrained = [.. Members.Select(member => world.IsDrained(member.Vip))];
        }
        if (_options == world.Options)
            return;
        _options = world.Options;
        _isConfigured = [.. Members.Select(member => _options.Vips.Any(
            vip => vip.Settings.Name == member.Vip && vip.Addresses.Contains(member.Address)))];
        _backends = [.. Members.Select(member => _options.Pools.Where(pool => pool.Name == member.Pool)
            .SelectMany(pool => pool.Backends).Select(backend => backend.Endpoint).ToArray())];
    }

    private void JudgeAnnouncement(VipStanding vip)
    {
        var (name, what) = (vip.Options.Settings.Name, vip.State.Announcement);
        var last = _last.GetValueOrDefault(name);
        if (what == last.What)
            return;
        _last[name] = (what, what == Announcement.None && last.What <= Announcement.None ? last.At : Now);
        if (what is not (Announcement.Normal or Announcement.Standby))
            return;
        Check(!world.IsDrained(name) && !world.Gate.IsStopping && !vip.IsLeaving, Law.NeverDrained, name);
        Check(!(Now < last.At + NodeConfig.Dwell), Law.OneTransitionPerDwell, $"{name}: {last} and {what} at {Now}");
        if (last.What > Announcement.None)
            return;
        foreach (var member in Members.Where(member => member.Vip == name
            && vip.Prefixes.Any(one => one.Prefix == member.Prefix && one.What > Announcement.None)))
        {
            foreach (var flaw in Flaws)
            {
                // Faults within one latency, and those that a suspend hid, are not known yet.
                Check(!Has(member, flaw) || Since(member, flaw) is not { } since
                    || Now <= new[] { since, world.ResumedAt }.Max() + Bounds[flaw],
                    Law.NeverUnproven, $"{name} is announced anew in spite of {flaw}");
            }
        }
    }

    private void JudgeTable(SendTable table, IReadOnlyList<VipStanding> vips)
    {
        // A proxy that has come back opens again what was opened before, wherever the addresses are by now.
        if (_table is { } before && _stream == world.Proxy.Stream)
        {
            foreach (var listener in table.Listeners.Except(before.Listeners)
                .Where(added => before.Listeners.All(old => !old.Address.Equals(added.Address))))
                Check(IsKnownPresent(listener.Address), Law.PlannedOrder, $"{listener} before its address");
            foreach (var gone in before.Listeners.Where(old =>
                table.Listeners.All(kept => !kept.Address.Equals(old.Address))))
                Check(!IsAnnounced(vips, gone.Address), Law.PlannedOrder, $"{gone} closed while announced");
        }
        (_table, _stream) = (table, world.Proxy.Stream);
        foreach (var pool in table.Pools)
        {
            foreach (var backend in pool.Backends)
            {
                var key = $"{pool.Options.Name}/{backend.Options.Endpoint}";
                Check(backend.Generation >= _generations.GetValueOrDefault(key), Law.GenerationsGrow, key);
                _generations[key] = backend.Generation;
            }
        }
    }

    private void JudgeAddresses(EnsureAddresses order, IReadOnlyList<VipStanding> vips)
    {
        foreach (var gone in _addresses?.Addresses.Except(order.Addresses) ?? [])
        {
            Check(!IsAnnounced(vips, gone), Law.PlannedOrder, $"{gone} removed while announced");
            Check(!world.Proxy.IsConnected || _table?.Listeners.Any(one => one.Address.Equals(gone)) is not true,
                Law.PlannedOrder, $"{gone} removed before its listener was closed");
        }
        _addresses = order;
    }

    private bool IsKnownPresent(IPAddress address) => Members.Where(member => member.Address.Equals(address))
        .All(member => Since(member, Flaw.Address) is not { } since
            || Now <= new[] { since, world.ResumedAt }.Max() + Bounds[Flaw.Address]);

    private TimeSpan? Since(Member member, Flaw flaw) => _since[member.Index, (int)flaw];

    private static bool IsAnnounced(IReadOnlyList<VipStanding> vips, IPAddress address) =>
        vips.Any(vip => vip.Options.Addresses.Contains(address) && vip.State.IsAnnounced);

    private static void Check(bool holds, Law law, string what)
    {
        if (!holds)
            throw new LawBroken(law, what);
    }

    /// <summary>An address that a prefix needs.</summary>
    private sealed record Member(int Index, string Prefix, string Vip, IPAddress Address, string? Pool)
    {
        public IPEndPoint Endpoint { get; } = new(Address, 80);
    }
}

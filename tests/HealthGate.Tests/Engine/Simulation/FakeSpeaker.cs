using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>Holds the lease as law 2 says, and has an allow-list.</summary>
internal sealed class FakeSpeaker(NodeClock clock, Action<GateInput> post)
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (IReadOnlyList<string> Prefixes, TimeSpan? HeldUntil)> _announced = [];
    private readonly bool[] _peersUp = [true, true];
    private ulong _revision;
    private bool _isAcknowledged;

    public bool IsAlive { get; private set; } = true;

    public bool IsConnected { get; private set; }

    public TimeSpan ConnectedSince { get; private set; }

    /// <summary>When the last stream ended.</summary>
    public TimeSpan LostAt { get; private set; }

    /// <summary>Withdraws of what was announced, for who counts them.</summary>
    public int Withdraws { get; private set; }

    public bool IgnoresWithdraws { get; init; }

    public bool IgnoresUnknown { get; init; }

    public bool IsAnnounced(string prefix) => _announced.Values.Any(entry => entry.Prefixes.Contains(prefix));

    public void Connect()
    {
        var tookOver = _announced.Count > 0;
        Hold(_announced.Keys);
        (IsConnected, ConnectedSince, _revision) = (true, clock.Now, 0);
        post(new SpeakerConnected(tookOver));
    }

    /// <summary>The stream ends: the lease clock starts.</summary>
    public void Disconnect()
    {
        if (IsConnected)
            LostAt = clock.Now;
        IsConnected = false;
        Hold(_announced.Keys);
    }

    public void Crash()
    {
        clock.Trace($"speaker: crash");
        (IsAlive, IsConnected, LostAt) = (false, false, clock.Now);
        _announced.Clear();
        post(new SpeakerLost("killed"));
        clock.After(clock.UpTo(3000), () => IsAlive = true);
    }

    public void Declare(Declare order)
    {
        if (!IsConnected)
            return;
        (_revision, _isAcknowledged) = (order.Revision, false);
        List<RefusedPrefix> refused = [];
        foreach (var declaration in order.Declarations)
        {
            var allowed = declaration.Prefixes.Where(prefix => prefix != NodeConfig.RefusedPrefix).ToList();
            if (allowed.Count < declaration.Prefixes.Count)
                refused.Add(new(NodeConfig.RefusedPrefix, "not in the allow-list"));
            if (declaration.What > Announcement.None)
                _announced[declaration.Name] = (allowed, null);
            else if (declaration.What == Announcement.Unknown && !IgnoresUnknown)
                Hold([declaration.Name]);
            else if (!IgnoresWithdraws && _announced.Remove(declaration.Name, out var entry)
                && entry.Prefixes.Any(prefix => !IsAnnounced(prefix)))
                Withdraws++;
        }
        Hold(_announced.Keys.Except(order.Declarations.Select(declaration => declaration.Name)));
        post(new DeclarationJudged(order.Revision, refused));
        clock.After(clock.UpTo(clock.Chance(10) ? 8000 : 40), () => Acknowledge(order.Revision));
    }

    /// <summary>A session goes or comes.</summary>
    public void Flap()
    {
        var peer = clock.Random.Next(_peersUp.Length);
        _peersUp[peer] = !_peersUp[peer];
        Report();
    }

    public void Expire()
    {
        foreach (var name in _announced.Where(entry => entry.Value.HeldUntil <= clock.Now).Select(entry => entry.Key))
            _announced.Remove(name);
    }

    private void Acknowledge(ulong revision)
    {
        _isAcknowledged |= revision == _revision;
        Report();
    }

    private void Report()
    {
        if (!IsConnected || _revision == 0)
            return;
        DateTimeOffset? at = _isAcknowledged ? DateTimeOffset.UnixEpoch : null;
        var report = new DeliveryReported(
            _revision, [.. _peersUp.Select((up, index) => new PeerDelivered($"tor{index}", up, at, at))]);
        post(report);
    }

    // Nothing but an announcement extends what is held.
    private void Hold(IEnumerable<string> names)
    {
        var until = clock.Now + Ttl;
        foreach (var name in names.ToList())
        {
            if (_announced.TryGetValue(name, out var entry) && entry.HeldUntil is null)
                _announced[name] = (entry.Prefixes, until);
        }
        clock.After(Ttl, Expire);
    }
}

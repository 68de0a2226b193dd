using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>A machine with a speaker on it: the lease table with its timer, and one shell per peer.</summary>
internal sealed class SpeakerNode(int index, Simulator simulator)
{
    private static readonly TimeSpan LeaseTtl = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LeaseHeartbeat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaseTick = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan SabotageDelay = TimeSpan.FromSeconds(1);

    private readonly Dictionary<SpeakerNode, PeerShell> _peers = [];
    private readonly List<Link> _links = [];
    private readonly Queue<Action> _deferred = new();
    private RouteSet _routes = RouteSet.Empty;
    private string[]? _announcedBefore;
    private TimeSpan? _leaseTimer;
    private TimeSpan? _pausedUntil;
    private TimeSpan _pausedAt;
    private TimeSpan _wokeAt;

    public int Index => index;

    public string Name { get; } = ((char)('a' + index)).ToString();

    public List<GateClient> Clients { get; } = [];

    public LeaseTable Table { get; private set; } = null!;

    public LeaseModel Leases { get; private set; } = null!;

    public bool IsPowered { get; private set; }

    public bool IsRunning { get; private set; }

    public bool IsPaused => _pausedUntil is not null;

    /// <summary>When the process started that came after one that was killed; null: it is no such process.</summary>
    public TimeSpan? RestartedAt { get; private set; }

    /// <summary>How late the node's own timers may be at this very moment; zero but for when it wakes.</summary>
    public TimeSpan WakeSlack => simulator.Time.Now == _wokeAt ? _wokeAt - _pausedAt : TimeSpan.Zero;

    public IEnumerable<PeerShell> Peers => _peers.Values;

    private TimeSpan Now => simulator.Time.Now;

    public void Attach(Link link) => _links.Add(link);

    public PeerShell PeerFor(SpeakerNode peer) => _peers[peer];

    public void Start()
    {
        if (IsRunning)
            return;
        simulator.Trace.Add(Name, "starts");
        IsPowered = true;
        IsRunning = true;
        Table = new LeaseTable(Scenario.AllowList, LeaseTtl, LeaseHeartbeat);
        Leases = new LeaseModel();
        RestartedAt = _announcedBefore is null ? null : Now;
        if (_announcedBefore is { } clients)
            Table.Await(clients, Now + LeaseTtl);
        _routes = Table.Current;
        _leaseTimer = null;
        ArmTimer();
        foreach (var link in _links)
        {
            var peer = link.Left == this ? link.Right : link.Left;
            _peers[peer] = new PeerShell(this, peer, link, simulator);
        }
        foreach (var shell in Peers)
        {
            shell.SetDesired(_routes);
            shell.Command(new ManualStart());
        }
    }

    /// <summary>The power fails (nobody is told), or the process is killed (its kernel closes the sockets).</summary>
    public void Crash(bool power)
    {
        if (!IsRunning)
            return;
        simulator.Trace.Add(Name, power ? "loses power" : "is killed");
        IsRunning = false;
        IsPowered = !power;
        // As the product's RestartMarker: it names who declared, and does not outlive a boot.
        if (power)
            _announcedBefore = null;
        else if (Table.Current.IsComplete)
            _announcedBefore = [.. Table.Current.Revisions.Select(client => client.ClientId)];
        _pausedUntil = null;
        _deferred.Clear();
        foreach (var shell in Peers)
            shell.Die();
        foreach (var client in Clients)
            client.LoseSpeaker();
        foreach (var end in OwnEnds())
            CloseEnd(end, power);
    }

    /// <summary>Gets no processor time until then.</summary>
    public void Pause(TimeSpan until)
    {
        if (!IsRunning || IsPaused)
            return;
        simulator.Trace.Add(Name, "is starved");
        _pausedAt = Now;
        _pausedUntil = until;
        simulator.Time.At(until, () =>
        {
            if (Now >= _pausedUntil)
                Wake();
        });
    }

    /// <summary>Gets processor time again: its threads run in any order, each with all that waits for it.</summary>
    public void Wake()
    {
        if (!IsPaused)
            return;
        simulator.Trace.Add(Name, "wakes");
        _pausedUntil = null;
        _wokeAt = Now;
        Action[] threads = [RunDeferred, .. Peers.Select(shell => (Action)shell.Drain)];
        simulator.Chance.Shuffle<Action>(threads);
        foreach (var thread in threads)
            thread();
    }

    /// <summary>Something that a thread of the node does: later, if it is paused.</summary>
    public void Run(Action action)
    {
        if (!IsRunning)
            return;
        if (IsPaused)
            _deferred.Enqueue(action);
        else
            action();
    }

    /// <summary>To be called after every call of the table, as the product's LeaseHub does it.</summary>
    public void FollowUp()
    {
        foreach (var (stream, _) in Table.TakeEndedStreams())
        {
            foreach (var client in Clients)
                client.LoseStream(stream);
        }
        CheckLeases();
        if (!ReferenceEquals(Table.Current, _routes))
        {
            _routes = Table.Current;
            simulator.Trace.Add(Name, "desires", "", _routes.Routes.Count);
            foreach (var shell in Peers)
                shell.SetDesired(_routes);
        }
        ArmTimer();
    }

    /// <summary>What ran out must have been withdrawn by its tick.</summary>
    public void CheckLeaseTimer()
    {
        if (IsRunning && !IsPaused && WakeSlack == TimeSpan.Zero && Table.NextDeadline + LeaseTick < Now)
            throw new InvariantBroken(Invariant.LeaseInTime, $"{Name}: a lease ran out at {Table.NextDeadline}");
    }

    private void RunDeferred()
    {
        while (_deferred.TryDequeue(out var action))
            action();
    }

    private void CheckLeases()
    {
        var expected = Leases.Announced(Now);
        var actual = Table.Current.Routes;
        if (expected.Count == actual.Count && actual.All(route => expected.Contains(route.Prefix)))
            return;
        throw new InvariantBroken(
            Invariant.LeasesExact,
            $"{Name}: leases ask for {string.Join(' ', expected)}, the table has "
                + string.Join(' ', actual.Select(route => route.Prefix)));
    }

    // Timers count whole milliseconds, rounded up.
    private void ArmTimer()
    {
        if (Table.NextDeadline is not { } due || due >= _leaseTimer)
            return;
        var wait = TimeSpan.FromMilliseconds(Math.Ceiling((due - Now).TotalMilliseconds));
        if (simulator.Sabotage == Sabotage.LateLeaseTimer)
            wait += SabotageDelay;
        var at = Now + (wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
        _leaseTimer = at;
        var table = Table;
        simulator.Time.At(at, () =>
        {
            // A timer dies with its process.
            if (table != Table)
                return;
            _leaseTimer = null;
            Run(Tick);
        });
    }

    private void Tick()
    {
        Table.Advance(Now);
        FollowUp();
    }

    private void CloseEnd(Endpoint end, bool power)
    {
        if (power)
            end.Vanish();
        else if (simulator.Chance.Percent(50))
            end.CloseGracefully();
        else
            end.Abort();
    }

    private Endpoint[] OwnEnds() => _links
        .SelectMany(link => link.Connections)
        .Select(connection => connection.DialledEnd.Node == this ? connection.DialledEnd : connection.AcceptedEnd)
        .ToArray();
}

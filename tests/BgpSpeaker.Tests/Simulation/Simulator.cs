using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>
/// One run: speakers on nodes, joined by links, in virtual time, with everything that can go wrong drawn from one seed.
/// </summary>
internal sealed class Simulator
{
    // The longest retransmission time-out, and some latency: what waits on a link that was blocked has come by then.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SettledFor = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly List<SpeakerNode> _nodes = [];
    private readonly List<Link> _links = [];
    private bool _isSettled;

    public Simulator(ulong seed, Sabotage sabotage = Sabotage.None, int traceLines = 60)
    {
        Sabotage = sabotage;
        Chance = new Chance(seed);
        Scenario = new Scenario(Chance);
        Trace = new Trace(Time, traceLines);
    }

    public Timeline Time { get; } = new();

    public Chance Chance { get; }

    public Scenario Scenario { get; }

    public Trace Trace { get; }

    public Sabotage Sabotage { get; }

    /// <summary>Something is or was wrong, so that a session may end.</summary>
    public bool MayLoseSessions => !Scenario.IsFaultFree && !_isSettled;

    /// <summary>Runs to the end.</summary>
    /// <exception cref="InvariantBroken">An invariant does not hold.</exception>
    public void Run()
    {
        Build();
        new Chaos(this, _nodes, _links).Plan(Time.Now + Scenario.Length);
        RunChecked(Time.Now + Scenario.Length);
        StopFaults();
        RunChecked(Time.Now + Aftermath);
        Settle();
        _isSettled = true;
        RunChecked(Time.Now + SettledFor);
        // What was held ran out meanwhile; no session has ended.
        Settle();
    }

    private void Build()
    {
        for (var i = 0; i < Scenario.Nodes; i++)
            _nodes.Add(new SpeakerNode(i, this));
        for (var i = 0; i < _nodes.Count; i++)
        {
            for (var j = i + 1; j < _nodes.Count; j++)
            {
                var link = new Link(_nodes[i], _nodes[j], Time, Chance, Trace);
                _links.Add(link);
                if (Scenario.PlanFor(i, j).HasBfd)
                    new BfdWatch(link, this).Start();
                _nodes[i].Attach(link);
                _nodes[j].Attach(link);
            }
        }
        // Speakers that start together dial together: that makes collisions.
        var startSpread = Chance.Percent(50) ? 0 : 2000;
        foreach (var node in _nodes)
        {
            for (var number = 1; number <= Scenario.Clients; number++)
                node.Clients.Add(new GateClient(number, node, this));
            Time.After(Chance.Milliseconds(0, startSpread), node.Start);
            foreach (var client in node.Clients)
                Time.After(Chance.Milliseconds(0, 4000), client.Start);
        }
    }

    private void StopFaults()
    {
        Trace.Add("-", "faults stop");
        foreach (var link in _links)
        {
            link.BlockedUntil = Time.Now;
            link.RefusesUntil = Time.Now;
            link.CorruptsUntil = Time.Now;
            foreach (var connection in link.Connections.ToArray())
                Heal(connection);
        }
        foreach (var node in _nodes)
        {
            node.Start();
            node.Wake();
            foreach (var client in node.Clients)
                client.Calm();
            foreach (var shell in node.Peers)
            {
                if (!Scenario.IsFaultFree && Chance.Percent(5))
                    shell.Command(new ManualStop("maintenance"));
                else
                    shell.Command(new ManualStart());
            }
        }
    }

    private static void Heal(Connection connection)
    {
        connection.DialledEnd.Out.Heal();
        connection.AcceptedEnd.Out.Heal();
        // What octets that changed on their way made of a session is nobody's to predict: it ends here.
        if (!connection.IsTainted)
            return;
        connection.DialledEnd.TakeReset();
        connection.AcceptedEnd.TakeReset();
    }

    private void Settle()
    {
        var until = Time.Now + Scenario.FairPeriod();
        while (FindUnsettled() is { } unsettled)
        {
            if (Time.Now > until)
                throw new InvariantBroken(Invariant.Converges, unsettled);
            RunChecked(Time.Now + Poll);
        }
    }

    private void RunChecked(TimeSpan until)
    {
        while (Time.Now < until)
        {
            Time.RunUntil(Time.Now + Poll < until ? Time.Now + Poll : until);
            foreach (var node in _nodes)
                node.CheckLeaseTimer();
        }
    }

    private string? FindUnsettled() => _nodes.SelectMany(node => node.Peers)
        .Select(shell => shell.FindUnsettled())
        .FirstOrDefault(unsettled => unsettled is not null);
}

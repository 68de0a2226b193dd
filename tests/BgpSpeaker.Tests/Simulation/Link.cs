namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>One TCP connection: two ends, and what both speakers have made of it.</summary>
internal sealed class Connection
{
    public Connection(Link link, SpeakerNode dialler, SpeakerNode acceptor, long number)
    {
        Number = number;
        DialledEnd = new Endpoint(dialler, link, this);
        AcceptedEnd = new Endpoint(acceptor, link, this);
        DialledEnd.Join(AcceptedEnd);
        AcceptedEnd.Join(DialledEnd);
    }

    public long Number { get; }

    public Endpoint DialledEnd { get; }

    public Endpoint AcceptedEnd { get; }

    /// <summary>Octets were changed: what the speakers make of them is not predicted.</summary>
    public bool IsTainted { get; set; }

    /// <summary>How many ends have been Established.</summary>
    public int EstablishedEnds { get; set; }
}

/// <summary>A dial under way.</summary>
internal sealed class DialAttempt
{
    public bool IsGivenUp { get; set; }
}

/// <summary>The network between two nodes.</summary>
internal sealed class Link(SpeakerNode left, SpeakerNode right, Timeline time, Chance chance, Trace trace)
{
    private static readonly TimeSpan SynRetransmission = TimeSpan.FromSeconds(1);

    private readonly int _latencyMaximum = chance.Pick(1, 5, 60);
    private readonly List<Connection> _connections = [];
    private long _made;

    public Timeline Time => time;

    public Chance Chance => chance;

    public Trace Trace => trace;

    public SpeakerNode Left => left;

    public SpeakerNode Right => right;

    /// <summary>Everything is lost until then.</summary>
    public TimeSpan BlockedUntil { get; set; }

    /// <summary>Dials are refused until then, as by a firewall.</summary>
    public TimeSpan RefusesUntil { get; set; }

    /// <summary>Connections that are made until then have some octets changed on their way.</summary>
    public TimeSpan CorruptsUntil { get; set; }

    public bool IsBlocked => time.Now < BlockedUntil;

    /// <summary>Connections that at least one kernel knows.</summary>
    public IReadOnlyList<Connection> Connections => _connections;

    public TimeSpan Latency() => chance.Milliseconds(0, _latencyMaximum);

    /// <summary>Sends SYN until an answer comes (an end, or null: refused) or the attempt is given up.</summary>
    public void Dial(SpeakerNode dialler, DialAttempt attempt, Action<Endpoint?> answer) =>
        time.After(Latency(), () => Arrive(dialler, attempt, answer));

    public void Forget(Connection connection)
    {
        if (connection.DialledEnd.IsGone && connection.AcceptedEnd.IsGone)
            _connections.Remove(connection);
    }

    private void Arrive(SpeakerNode dialler, DialAttempt attempt, Action<Endpoint?> answer)
    {
        if (attempt.IsGivenUp)
            return;
        var acceptor = dialler == left ? right : left;
        if (IsBlocked || !acceptor.IsPowered)
        {
            time.After(SynRetransmission, () => Arrive(dialler, attempt, answer));
            return;
        }
        if (!acceptor.IsRunning || time.Now < RefusesUntil)
        {
            time.After(Latency(), () => answer(null));
            return;
        }
        var connection = new Connection(this, dialler, acceptor, ++_made);
        _connections.Add(connection);
        if (time.Now < CorruptsUntil)
        {
            connection.DialledEnd.Out.Mutate();
            connection.AcceptedEnd.Out.Mutate();
        }
        acceptor.PeerFor(dialler).Accept(connection.AcceptedEnd);
        time.After(Latency(), () =>
        {
            // The dialler's kernel answers for a socket that is closed by now.
            if (attempt.IsGivenUp)
                connection.DialledEnd.Abort();
            else
                answer(connection.DialledEnd);
        });
    }
}

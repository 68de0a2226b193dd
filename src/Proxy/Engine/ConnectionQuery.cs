using System.Net;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// Names connections. What is left empty selects everything; what is set must all match. A connection keeps the VIP of
/// its listener and the pool of its backend also when the table has them no more. Connections from the node itself are
/// never selected.
/// </summary>
public sealed record ConnectionSelector
{
    /// <summary>The listener's VIP.</summary>
    public string Vip { get; init; } = "";

    /// <summary>The backend's pool.</summary>
    public string Pool { get; init; } = "";

    /// <summary>The backend's name in its pool.</summary>
    public string Backend { get; init; } = "";

    internal bool Selects(string vip, string pool) =>
        (Vip.Length == 0 || Vip == vip) && (Pool.Length == 0 || Pool == pool);

    internal bool Selects(string vip, BackendEntry backend) =>
        Selects(vip, backend.Pool) && (Backend.Length == 0 || Backend == backend.Name);
}

/// <summary>
/// A count over all loops. Each loop counts at one instant between two events: a connection is in it or not, never
/// twice.
/// </summary>
/// <param name="Fed">Open, and the client has sent packets since.</param>
/// <param name="Stranded">Open, and the client has sent no packet since.</param>
/// <param name="Accepted">Accepted since the engine was made, by the listeners of the selected VIP and pool.</param>
public sealed record ConnectionCounts(int Fed, int Stranded, long Accepted);

/// <summary>All selected connections of one listener to one backend.</summary>
/// <param name="Vip">The listener's VIP.</param>
/// <param name="Endpoint">Names the listener.</param>
/// <param name="Pool">The backend's pool.</param>
/// <param name="Backend">Its name in the pool.</param>
/// <param name="Fed">The client has sent packets since.</param>
/// <param name="Stranded">The client has sent no packet since.</param>
/// <param name="HalfClosed">Of these, one side has sent its FIN.</param>
/// <param name="OldestAge">Since the oldest of them was accepted.</param>
/// <param name="LongestIdle">Since an octet moved on the most silent of them.</param>
public sealed record ConnectionGroup(
    string Vip,
    IPEndPoint Endpoint,
    string Pool,
    string Backend,
    int Fed,
    int Stranded,
    int HalfClosed,
    TimeSpan OldestAge,
    TimeSpan LongestIdle);

/// <summary>What one loop, or several, found of a group.</summary>
internal sealed class ConnectionTally
{
    public int Fed { get; set; }

    public int Stranded { get; set; }

    public int HalfClosed { get; set; }

    /// <summary>In ms.</summary>
    public long OldestAge { get; set; }

    /// <summary>In ms.</summary>
    public long LongestIdle { get; set; }

    public void Add(ConnectionTally other)
    {
        Fed += other.Fed;
        Stranded += other.Stranded;
        HalfClosed += other.HalfClosed;
        OldestAge = Math.Max(OldestAge, other.OldestAge);
        LongestIdle = Math.Max(LongestIdle, other.LongestIdle);
    }
}

/// <summary>What a loop, or all, found, by listener and backend.</summary>
internal sealed class ConnectionSurvey : Dictionary<(ListenerEntry Listener, BackendEntry Backend), ConnectionTally>
{
    public ConnectionTally Of(ListenerEntry listener, BackendEntry backend)
    {
        if (!TryGetValue((listener, backend), out var tally))
            Add((listener, backend), tally = new());
        return tally;
    }
}

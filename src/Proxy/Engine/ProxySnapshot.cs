using System.Collections.Immutable;
using System.Net;

namespace AnycastVip.Proxy.Engine;

/// <summary>Counters since start, and what is open now: exact numbers, not all of the same instant.</summary>
/// <param name="Revision">The table in force; 0: none has come yet.</param>
/// <param name="Connections">Open now, over all listeners, those from this node included.</param>
/// <param name="MaxConnections">What bounds them.</param>
/// <param name="DroppedObservations">Observations that found no room in the queue.</param>
/// <param name="Listeners">Those of the table that are open.</param>
/// <param name="Backends">Those of the table, and those that still hold connections.</param>
/// <param name="Loops">One for each thread.</param>
public sealed record ProxySnapshot(
    ulong Revision,
    int Connections,
    int MaxConnections,
    long DroppedObservations,
    ImmutableArray<ListenerSnapshot> Listeners,
    ImmutableArray<BackendSnapshot> Backends,
    ImmutableArray<LoopSnapshot> Loops);

/// <summary>A listener's counters.</summary>
/// <param name="Endpoint">Names the listener.</param>
/// <param name="Connections">Open now.</param>
/// <param name="Accepted">Connections taken from the backlog.</param>
/// <param name="Local">Connections from the listener's own address, that is from this node: they are counted here and
/// in no other number of the listener.</param>
/// <param name="NoBackend">Of the accepted, reset because no backend could be connected to.</param>
/// <param name="AcceptErrors">How often accepting failed for want of descriptors or memory.</param>
/// <param name="IdleTimeouts">Connections reset because no octet moved.</param>
/// <param name="BacklogDrops">SYNs and connections that the kernel dropped, mostly for want of backlog.</param>
/// <param name="OctetsFromClients">Octets passed on to backends.</param>
/// <param name="OctetsToClients">Octets passed on to clients.</param>
/// <param name="IsFull">A limit or a shortage keeps connections waiting in the backlog.</param>
public sealed record ListenerSnapshot(
    IPEndPoint Endpoint,
    int Connections,
    long Accepted,
    long Local,
    long NoBackend,
    long AcceptErrors,
    long IdleTimeouts,
    long BacklogDrops,
    long OctetsFromClients,
    long OctetsToClients,
    bool IsFull)
{
    /// <summary>For how long a loop has not been able to accept for want of descriptors or memory; null: each can.
    /// </summary>
    public TimeSpan? StarvedFor { get; init; }

    /// <summary>Of the accepted, reset at once because their source has as much as it may.</summary>
    public long SourceLimited { get; init; }

    /// <summary>Reset because they came from where no proxy is.</summary>
    public long SourcesRefused { get; init; }

    /// <summary>Reset because what a connection must begin with was broken, or was not there.</summary>
    public long PrologueFaults { get; init; }

    /// <summary>Reset because they fit no route of the listener.</summary>
    public long Unrouted { get; init; }

    /// <summary>Reset because it did not come in time.</summary>
    public long PrologueTimeouts { get; init; }

    /// <summary>Reset because the client sent nothing in time.</summary>
    public long FirstOctetTimeouts { get; init; }

    /// <summary>Reset because one side had ended and nothing moved.</summary>
    public long HalfClosedTimeouts { get; init; }

    /// <summary>Reset because their time was over.</summary>
    public long TotalTimeouts { get; init; }

    /// <summary>How many wait for a backend now.</summary>
    public int Queued { get; init; }

    /// <summary>Reset because they waited too long for a backend.</summary>
    public long QueueTimeouts { get; init; }

    /// <summary>Reset because too many waited already.</summary>
    public long QueueOverflows { get; init; }
}

/// <summary>A backend's counters.</summary>
/// <param name="Pool">Its pool.</param>
/// <param name="Name">Its name in the pool.</param>
/// <param name="Connections">Open now, attempts included.</param>
/// <param name="Connected">Attempts that succeeded.</param>
/// <param name="Refused">Attempts that were refused.</param>
/// <param name="Reset">Connections that it reset before it had sent anything.</param>
/// <param name="TimedOut">Attempts that took too long.</param>
/// <param name="Unreachable">Attempts that failed in the network.</param>
/// <param name="Local">Attempts that failed on this node.</param>
/// <param name="Retries">Attempts that followed a failed one on another backend.</param>
/// <param name="OctetsFromBackend">Octets passed on to clients.</param>
/// <param name="OctetsToBackend">Octets passed on to it.</param>
/// <param name="EjectedFor">For how much longer the engine passes it over by itself; null: it does not.</param>
public sealed record BackendSnapshot(
    string Pool,
    string Name,
    int Connections,
    long Connected,
    long Refused,
    long Reset,
    long TimedOut,
    long Unreachable,
    long Local,
    long Retries,
    long OctetsFromBackend,
    long OctetsToBackend,
    TimeSpan? EjectedFor);

/// <summary>A loop's counters.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Turns">Batches of events handled; it grows while the loop is alive and has work.</param>
/// <param name="LongestTurn">While it lasted the loop served nobody else.</param>
/// <param name="Connections">Open now.</param>
/// <param name="Transport">What carries its connections; never Auto.</param>
public sealed record LoopSnapshot(
    int Index, long Turns, TimeSpan LongestTurn, int Connections, TransportKind Transport);

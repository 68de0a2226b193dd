using System.Net;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Engine;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Proxy.Api;

/// <summary>The states of the table's listeners, and since when they are in them. For one thread at a time.</summary>
internal sealed class ListenerBoard
{
    private const string StarvedReason =
        "no file descriptor or memory is left to accept with: raise the limit on open files";

    // A shortage that passes at once is no reason to send clients elsewhere.
    private static readonly TimeSpan StarvedAfter = TimeSpan.FromSeconds(1);

    private Dictionary<IPEndPoint, Standing> _standings = [];

    /// <summary>Every listener of the table, in its order.</summary>
    /// <param name="table">The table in force.</param>
    /// <param name="refused">Its listeners that could not be opened, with the reasons.</param>
    /// <param name="open">The engine's counters of the others.</param>
    /// <param name="now">When <paramref name="open"/> was taken.</param>
    public List<Listener> List(
        Engine.ProxyTable table, IReadOnlyDictionary<IPEndPoint, string> refused, IReadOnlyList<ListenerSnapshot> open,
        DateTimeOffset now)
    {
        var counters = open.ToDictionary(snapshot => snapshot.Endpoint);
        var standings = new Dictionary<IPEndPoint, Standing>();
        var listeners = new List<Listener>(table.Listeners.Length);
        foreach (var spec in table.Listeners)
        {
            var snapshot = counters.GetValueOrDefault(spec.Endpoint);
            var state = snapshot is null ? ListenerState.Failed
                : snapshot.StarvedFor >= StarvedAfter ? ListenerState.Starved
                : snapshot.IsFull ? ListenerState.Full
                : ListenerState.Listening;
            var reason = state == ListenerState.Starved ? StarvedReason : refused.GetValueOrDefault(spec.Endpoint, "");
            var standing = _standings.GetValueOrDefault(spec.Endpoint);
            if (standing is null || standing.State != state || standing.Reason != reason)
                standing = new(state, reason, now);
            standings.Add(spec.Endpoint, standing);
            listeners.Add(new()
            {
                Vip = spec.Vip,
                Address = spec.Endpoint.Address.ToString(),
                Port = (uint)spec.Endpoint.Port,
                Pool = spec.Pool,
                State = state,
                Reason = reason,
                StateSince = Timestamp.FromDateTimeOffset(standing.Since),
                Counters = snapshot is null ? null : ToProto(snapshot),
            });
        }
        _standings = standings;
        return listeners;
    }

    private static ListenerCounters ToProto(ListenerSnapshot snapshot) => new()
    {
        Accepted = (ulong)snapshot.Accepted,
        Local = (ulong)snapshot.Local,
        BacklogOverflows = (ulong)snapshot.BacklogDrops,
        NoBackend = (ulong)snapshot.NoBackend,
        AcceptErrors = (ulong)snapshot.AcceptErrors,
        OctetsFromClients = (ulong)snapshot.OctetsFromClients,
        OctetsToClients = (ulong)snapshot.OctetsToClients,
        Connections = (uint)snapshot.Connections,
        SourcesRefused = (ulong)snapshot.SourcesRefused,
        PrologueFaults = (ulong)snapshot.PrologueFaults,
        Unrouted = (ulong)snapshot.Unrouted,
        PrologueTimeouts = (ulong)snapshot.PrologueTimeouts,
        Queued = (uint)snapshot.Queued,
        QueueTimeouts = (ulong)snapshot.QueueTimeouts,
        QueueOverflows = (ulong)snapshot.QueueOverflows,
        IdleTimeouts = (ulong)snapshot.IdleTimeouts,
        FirstOctetTimeouts = (ulong)snapshot.FirstOctetTimeouts,
        HalfClosedTimeouts = (ulong)snapshot.HalfClosedTimeouts,
        TotalTimeouts = (ulong)snapshot.TotalTimeouts,
        SourceLimited = (ulong)snapshot.SourceLimited,
    };

    private sealed record Standing(ListenerState State, string Reason, DateTimeOffset Since);
}

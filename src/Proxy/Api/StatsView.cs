using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Engine;
using Google.Protobuf.WellKnownTypes;
using LatencySummary = AnycastVip.Proxy.Engine.LatencySummary;
using ListenerLatencies = AnycastVip.Proxy.Engine.ListenerLatencies;
using ListenerSpec = AnycastVip.Proxy.Engine.ListenerSpec;

namespace AnycastVip.Proxy.Api;

/// <summary>What ProxyService.GetStats tells.</summary>
internal static class StatsView
{
    public static GetStatsResponse Of(ProxyControl control)
    {
        var view = control.View();
        var latencies = control.Engine.Latencies();
        var backends = view.Snapshot.Backends;
        // A table may come between the two: what one of them lacks is left out.
        var ofBackend = latencies.Backends.ToDictionary(each => (each.Pool, each.Backend));
        var ofListener = latencies.Listeners.ToDictionary(each => each.Endpoint);
        return new GetStatsResponse
        {
            At = Timestamp.FromDateTimeOffset(control.Clock.GetUtcNow()),
            Listeners = { view.Listeners },
            Backends =
            {
                backends.Select(each => ToProto(each, ofBackend.GetValueOrDefault((each.Pool, each.Name)))),
            },
            Loops = { view.Snapshot.Loops.Select(ToProto) },
            Pools =
            {
                latencies.Pools.Select(pool => ToProto(pool, [.. backends.Where(each => each.Pool == pool.Pool)])),
            },
            ListenerLatencies =
            {
                view.Table.Listeners.Where(listener => ofListener.ContainsKey(listener.Endpoint))
                    .Select(listener => ToProto(listener, ofListener[listener.Endpoint])),
            },
            LastErrors = { control.LastErrors.List(backends) },
        };
    }

    private static BackendCounters ToProto(BackendSnapshot snapshot, BackendLatencies? latencies) => new()
    {
        Pool = snapshot.Pool,
        Backend = snapshot.Name,
        Connected = (ulong)snapshot.Connected,
        Refused = (ulong)snapshot.Refused,
        Reset = (ulong)snapshot.Reset,
        TimedOut = (ulong)snapshot.TimedOut,
        Unreachable = (ulong)snapshot.Unreachable,
        Local = (ulong)snapshot.Local,
        Retries = (ulong)snapshot.Retries,
        OctetsFromBackend = (ulong)snapshot.OctetsFromBackend,
        OctetsToBackend = (ulong)snapshot.OctetsToBackend,
        Connections = (uint)snapshot.Connections,
        Connect = ToProto(latencies?.Connect),
        FirstOctet = ToProto(latencies?.FirstOctet),
        Duration = ToProto(latencies?.Duration),
    };

    private static PoolCounters ToProto(BackendLatencies pool, IReadOnlyCollection<BackendSnapshot> backends) => new()
    {
        Pool = pool.Pool,
        Connected = (ulong)backends.Sum(each => each.Connected),
        Failed = (ulong)backends.Sum(each =>
            each.Refused + each.Reset + each.TimedOut + each.Unreachable + each.Local),
        OctetsFromBackends = (ulong)backends.Sum(each => each.OctetsFromBackend),
        OctetsToBackends = (ulong)backends.Sum(each => each.OctetsToBackend),
        Connections = (uint)backends.Sum(each => each.Connections),
        Connect = ToProto(pool.Connect),
        FirstOctet = ToProto(pool.FirstOctet),
        Duration = ToProto(pool.Duration),
    };

    private static Proto.V1.ListenerLatencies ToProto(ListenerSpec listener, ListenerLatencies latencies) => new()
    {
        Vip = listener.Vip,
        Address = listener.Endpoint.Address.ToString(),
        Port = (uint)listener.Endpoint.Port,
        FirstOctet = ToProto(latencies.FirstOctet),
        Duration = ToProto(latencies.Duration),
    };

    private static Proto.V1.LatencySummary? ToProto(LatencySummary? summary) => summary is null ? null : new()
    {
        Count = (ulong)summary.Count,
        P50 = summary.P50.ToDuration(),
        P99 = summary.P99.ToDuration(),
        P999 = summary.P999.ToDuration(),
        Maximum = summary.Maximum.ToDuration(),
    };

    private static LoopCounters ToProto(LoopSnapshot snapshot) => new()
    {
        Index = (uint)snapshot.Index,
        Engine = Transports.NameOf(snapshot.Transport),
        Turns = (ulong)snapshot.Turns,
        LongestTurn = snapshot.LongestTurn.ToDuration(),
        Connections = (uint)snapshot.Connections,
    };
}

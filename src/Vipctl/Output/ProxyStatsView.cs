using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl proxy stats</c>: one table after the other, all numbers since the proxy's start.</summary>
internal static class ProxyStatsView
{
    public static readonly View<GetStatsResponse> View = new(answer => [answer], Draw);

    private static readonly string[] FirstOctet = ["FIRST-OCTET-P50", "FIRST-OCTET-P99"];
    private static readonly string[] Connect = ["CONNECT-P50", "CONNECT-P99"];
    private static readonly string[] More = ["OCTETS-IN", "OCTETS-OUT", "DURATION-P50", "DURATION-P99"];

    private static void Draw(GetStatsResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        Table[] tables = [Listeners(answer, wide), Pools(answer, wide), Backends(answer, wide)];
        tables[0].WriteTo(output);
        foreach (var table in tables[1..])
        {
            output.WriteLine();
            table.WriteTo(output);
        }
        if (answer.LastErrors.Count == 0)
            return;
        output.WriteLine();
        Errors(answer, now).WriteTo(output);
    }

    private static Table Listeners(GetStatsResponse answer, bool wide)
    {
        var table = new Table([
            "VIP", "LISTENER", "STATE", "CONNECTIONS", "ACCEPTED", "NO-BACKEND", "QUEUED", .. FirstOctet,
            .. wide ? More : [],
        ]);
        var latencies = answer.ListenerLatencies.ToDictionary(each => (each.Address, each.Port));
        foreach (var listener in answer.Listeners)
        {
            var counters = listener.Counters ?? new();
            var taken = latencies.GetValueOrDefault((listener.Address, listener.Port));
            table.Add([
                listener.Vip, Cell.EndPoint(listener.Address, listener.Port), $"{listener.State}",
                $"{counters.Connections}", $"{counters.Accepted}", $"{counters.NoBackend}", $"{counters.Queued}",
                .. Both(taken?.FirstOctet),
                .. wide
                    ? Rest(counters.OctetsFromClients, counters.OctetsToClients, taken?.Duration)
                    : [],
            ]);
        }
        return table;
    }

    private static Table Pools(GetStatsResponse answer, bool wide)
    {
        var table = new Table([
            "POOL", "CONNECTIONS", "CONNECTED", "FAILED", .. Connect, .. FirstOctet, .. wide ? More : [],
        ]);
        foreach (var pool in answer.Pools)
        {
            table.Add([
                pool.Pool, $"{pool.Connections}", $"{pool.Connected}", $"{pool.Failed}", .. Both(pool.Connect),
                .. Both(pool.FirstOctet),
                .. wide ? Rest(pool.OctetsToBackends, pool.OctetsFromBackends, pool.Duration) : [],
            ]);
        }
        return table;
    }

    private static Table Backends(GetStatsResponse answer, bool wide)
    {
        var table = new Table([
            "POOL", "BACKEND", "CONNECTIONS", "CONNECTED", "REFUSED", "RESET", "TIMED-OUT", "OTHER", "RETRIES",
            .. Connect, .. FirstOctet, .. wide ? More : [],
        ]);
        foreach (var backend in answer.Backends)
        {
            table.Add([
                backend.Pool, backend.Backend, $"{backend.Connections}", $"{backend.Connected}",
                $"{backend.Refused}", $"{backend.Reset}", $"{backend.TimedOut}",
                $"{backend.Unreachable + backend.Local}", $"{backend.Retries}", .. Both(backend.Connect),
                .. Both(backend.FirstOctet),
                .. wide ? Rest(backend.OctetsToBackend, backend.OctetsFromBackend, backend.Duration) : [],
            ]);
        }
        return table;
    }

    private static Table Errors(GetStatsResponse answer, DateTimeOffset now)
    {
        var table = new Table("POOL", "BACKEND", "AGO", "LAST-ERROR");
        foreach (var error in answer.LastErrors)
            table.Add(error.Pool, error.Backend, Cell.Since(error.At, now), error.Text);
        return table;
    }

    // Percentiles of nothing are not zero: they are not there.
    private static string[] Both(LatencySummary? taken) => taken is null or { Count: 0 }
        ? ["", ""]
        : [Cell.ShortLength(taken.P50), Cell.ShortLength(taken.P99)];

    private static string[] Rest(ulong octetsIn, ulong octetsOut, LatencySummary? duration) =>
        [$"{octetsIn}", $"{octetsOut}", .. Both(duration)];
}

using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl backends</c>.</summary>
internal static class BackendView
{
    public static readonly View<ListBackendsResponse> View = new(answer => answer.Backends, Draw);

    private static readonly string[] Common =
        ["POOL", "NAME", "ADDRESS", "STATE", "SINCE", "WEIGHT", "CONNECTIONS"];
    private static readonly string[] More = ["CONNECT-P50", "CONNECT-P99", "GENERATION", "DRAIN", "EVENT"];

    private static void Draw(ListBackendsResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        var table = new Table([.. Common, .. wide ? More : [], "REASON"]);
        foreach (var backend in answer.Backends)
        {
            string[] more =
            [
                Cell.ShortLength(backend.ConnectLatencyP50), Cell.ShortLength(backend.ConnectLatencyP99),
                $"{backend.Generation}", DrainText.Order(backend.Drain), Cell.Event(backend.CauseEventId),
            ];
            table.Add([
                backend.Pool, backend.Name, Cell.EndPoint(backend.Address, backend.Port), $"{backend.State}",
                Cell.Since(backend.StateSince, now), $"{backend.Weight}", $"{backend.Connections}",
                .. wide ? more : [], backend.Reason,
            ]);
        }
        table.WriteTo(output);
    }
}

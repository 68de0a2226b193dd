using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl leases</c>.</summary>
internal static class LeaseView
{
    public static readonly View<ListLeasesResponse> View = new(answer => answer.Leases, Draw);

    private static readonly string[] Common = ["CLIENT", "CONNECTED", "VIPS", "TTL", "HEARTBEAT", "ENDS"];
    private static readonly string[] More = ["EPOCH", "REVISION"];

    private static void Draw(ListLeasesResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        var table = new Table([.. Common, .. wide ? More : []]);
        foreach (var lease in answer.Leases)
        {
            string[] more = [$"{lease.Epoch}", $"{lease.Revision}"];
            table.Add([
                lease.ClientId, lease.Connected ? "yes" : "no", $"{lease.Vips}", Cell.Length(lease.Ttl),
                Cell.Since(lease.LastHeartbeatAt, now), Cell.Until(lease.ExpiresAt, now), .. wide ? more : [],
            ]);
        }
        table.WriteTo(output);
    }
}

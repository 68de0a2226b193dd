using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl routes</c>.</summary>
internal static class RouteView
{
    public static readonly View<ListRoutesResponse> View = new(answer => answer.Routes, Draw);

    private static readonly string[] Common = ["PREFIX", "STATE", "VIPS", "CLIENT", "PEERS"];
    private static readonly string[] More =
        ["ADVERTISED-TO", "MED", "LOCAL-PREF", "PREPEND", "COMMUNITIES", "LINK-BIT/S", "LEASE-ENDS"];

    private static void Draw(ListRoutesResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        if (answer.Emergency is { } emergency)
        {
            var since = Cell.Since(emergency.Since, now);
            output.WriteLine($"Emergency withdraw in force for {since}: {Table.Printable(emergency.Reason)}");
        }
        var table = new Table([.. Common, .. wide ? More : [], "REASON"]);
        foreach (var route in answer.Routes)
        {
            var advertised = route.Peers.Where(peer => peer.Advertised).Select(peer => peer.Peer).ToList();
            var attributes = route.Attributes ?? new RouteAttributes();
            string[] more =
            [
                Cell.List(advertised), attributes.HasMed ? $"{attributes.Med}" : "",
                attributes.HasLocalPref ? $"{attributes.LocalPref}" : "", $"{attributes.AsPathPrepend}",
                Cell.List(
                    attributes.Communities.Concat(attributes.ExtendedCommunities).Concat(attributes.LargeCommunities)),
                attributes.HasLinkBandwidth ? $"{attributes.LinkBandwidth}" : "",
                Cell.Until(route.LeaseExpiresAt, now),
            ];
            table.Add([
                route.Prefix, $"{route.State}", Cell.List(route.Vips), route.ClientId,
                $"{advertised.Count}/{route.Peers.Count}", .. wide ? more : [], route.Reason,
            ]);
        }
        table.WriteTo(output);
    }
}

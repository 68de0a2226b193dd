using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>Shows a <see cref="LeaseTable"/> to people.</summary>
internal static class LeaseReport
{
    public static IReadOnlyList<LeaseView> Leases(IEnumerable<LeaseClient> clients, TimeSpan now) => clients
        .Where(client => !client.HasExpired)
        .Select(client => new LeaseView(
            client.Id, client.Epoch, client.Stream is not null, client.Ttl, client.LastRequestAt,
            RunningDeadline(client, now), client.Revision ?? 0, client.Vips.Count))
        .ToArray();

    public static IReadOnlyList<RouteView> Routes(IEnumerable<LeaseClient> clients, LeaseTable table, TimeSpan now)
    {
        var rows = new List<(Prefix? Prefix, RouteView View)>();
        foreach (var client in clients)
        {
            var declared = client.Vips.Values.SelectMany(vip => Declared(client, vip, table, now));
            foreach (var sameRoute in declared.GroupBy(entry => entry.View.Prefix))
            {
                // Several VIPs may share a prefix: the best off speaks for all.
                var best = sameRoute.MinBy(entry => Rank(entry.View.State));
                var vips = sameRoute.SelectMany(entry => entry.View.Vips.AsSpan().ToArray()).Distinct().ToValueList();
                rows.Add((best.Prefix, best.View with { Vips = vips }));
            }
        }
        // A stable sort: rows of one prefix stay in the order of client ids. What is no prefix comes first.
        return rows.OrderBy(row => row.Prefix).Select(row => row.View).ToArray();
    }

    private static List<(Prefix? Prefix, RouteView View)> Declared(
        LeaseClient client, LeaseVip vip, LeaseTable table, TimeSpan now)
    {
        var entries = new List<(Prefix? Prefix, RouteView View)>(vip.RouteCount);
        foreach (var route in vip.Routes)
            entries.Add((route.Prefix, View(client, vip, route, table, now)));
        foreach (var refused in vip.Refused)
        {
            var view = new RouteView(
                refused.Prefix, client.Id, [vip.Name], RouteState.Refused, refused.Text, RouteAttributes.None, null);
            entries.Add((Prefix.TryParse(refused.Prefix, out var prefix) ? prefix : null, view));
        }
        return entries;
    }

    private static RouteView View(LeaseClient client, LeaseVip vip, DesiredRoute route, LeaseTable table, TimeSpan now)
    {
        var view = new RouteView(
            route.Prefix.ToString(), client.Id, [vip.Name], vip.State, vip.Reason, route.Attributes, null);
        if (!vip.IsAnnouncing)
            return view;
        view = view with { ExpiresAt = vip.HeldUntil ?? RunningDeadline(client, now) };
        if (table.FindObstacle(client, vip.Name, route.Prefix) is { } obstacle)
        {
            var state = obstacle.Reason == RefusalReason.Emergency ? RouteState.Withdrawn : RouteState.Refused;
            return view with { State = state, Reason = obstacle.Text };
        }
        return client.Stream is null && vip.State == RouteState.Announced
            ? view with { State = RouteState.Held, Reason = $"client {client.Id} is gone; before: {vip.Reason}" }
            : view;
    }

    // The clock runs once the stream is lost, or after a heartbeat has been missed.
    private static TimeSpan? RunningDeadline(LeaseClient client, TimeSpan now) =>
        client.Stream is null || now > client.LastRequestAt + (2 * client.HeartbeatInterval) ? client.Deadline : null;

    private static int Rank(RouteState state) => state switch
    {
        RouteState.Announced => 0,
        RouteState.Held => 1,
        RouteState.Refused => 2,
        _ => 3,
    };
}

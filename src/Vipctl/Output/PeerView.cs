using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl peers</c>.</summary>
internal static class PeerView
{
    public static readonly View<ListPeersResponse> View = new(answer => answer.Peers, Draw);

    private static readonly string[] Common = ["NAME", "ADDRESS", "AS", "STATE", "UPTIME", "PREFIXES"];
    private static readonly string[] More =
    [
        "FLAPS", "RETRY", "ROUTER-ID", "HOST", "HOLD", "FAMILIES", "UPDATES-SENT", "LAST-SENT", "LAST-RECEIVED",
        "SUSPECTED",
    ];

    private static void Draw(ListPeersResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        var table = new Table([.. Common, .. wide ? More : [], "REASON"]);
        foreach (var peer in answer.Peers)
        {
            var session = peer.Session;
            string[] more =
            [
                $"{peer.Flaps}", Cell.Until(peer.NextRetryAt, now), session?.PeerBgpIdentifier ?? "",
                session?.PeerHostName ?? "", Cell.Length(session?.HoldTime), Cell.List(session?.Families ?? []),
                $"{peer.Sent?.Update ?? 0}", Last(peer.LastSent), Last(peer.LastReceived),
                peer.SuspectedCause,
            ];
            table.Add([
                peer.Name, peer.Address, $"{peer.PeerAs}", State(peer), Cell.Since(peer.StateSince, now),
                $"{(session?.AdvertisedIpv4 ?? 0) + (session?.AdvertisedIpv6 ?? 0)}", .. wide ? more : [],
                Reason(peer, wide),
            ]);
        }
        table.WriteTo(output);
    }

    public static string State(Peer peer) =>
        peer.AdminState == PeerAdminState.Down ? $"{peer.State} (down)" : $"{peer.State}";

    // A blocked family of an Established session would otherwise show nowhere but in JSON.
    private static string Reason(Peer peer, bool wide)
    {
        var reasons = peer.Session?.BlockedFamilies.ToList() ?? [];
        // What is suspected starts from the reason and goes on to what to check: the reason would only repeat it.
        var suspected = wide ? "" : peer.SuspectedCause;
        var reason = peer.State == PeerState.Established || suspected.Length > 0 ? suspected : peer.Reason;
        if (reason.Length > 0)
            reasons.Insert(0, reason);
        return string.Join("; ", reasons);
    }

    private static string Last(LastNotification? last) => last is null ? "" : $"{last.Code}/{last.Subcode} {last.Text}";
}

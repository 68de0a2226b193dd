using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl peers</c>.</summary>
internal static class PeerView
{
    public static readonly View<ListPeersResponse> View = new(answer => answer.Peers, Draw);

    private static readonly string[] Common = ["NAME", "ADDRESS", "AS", "STATE", "UPTIME", "PREFIXES"];
    private static readonly string[] More =
        ["FLAPS", "RETRY", "ROUTER-ID", "HOST", "HOLD", "FAMILIES", "UPDATES-SENT", "LAST-SENT", "LAST-RECEIVED"];

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
            ];
            table.Add([
                peer.Name, peer.Address, $"{peer.PeerAs}", State(peer), Cell.Since(peer.StateSince, now),
                $"{(session?.AdvertisedIpv4 ?? 0) + (session?.AdvertisedIpv6 ?? 0)}", .. wide ? more : [],
                Reason(peer),
            ]);
        }
        table.WriteTo(output);
    }

    private static string State(Peer peer) =>
        peer.AdminState == PeerAdminState.Down ? $"{peer.State} (down)" : $"{peer.State}";

    // A blocked family of an Established session would otherwise show nowhere but in JSON.
    private static string Reason(Peer peer)
    {
        var reasons = peer.Session?.BlockedFamilies.ToList() ?? [];
        if (peer.State != PeerState.Established && peer.Reason.Length > 0)
            reasons.Insert(0, peer.Reason);
        return string.Join("; ", reasons);
    }

    private static string Last(LastNotification? last) => last is null ? "" : $"{last.Code}/{last.Subcode} {last.Text}";
}

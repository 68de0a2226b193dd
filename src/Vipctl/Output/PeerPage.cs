using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl peers NAME</c>: everything that the speaker remembers of a peer.</summary>
internal static class PeerPage
{
    public static readonly View<ListPeersResponse> View = new(answer => answer.Peers, Draw);

    private static void Draw(ListPeersResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        foreach (var (index, peer) in answer.Peers.Index())
        {
            if (index > 0)
                output.WriteLine();
            output.WriteLine(Table.Printable($"Peer {peer.Name}"));
            WriteState(peer, now, output);
            WriteSession(peer, output);
            WriteTransitions(peer, now, output);
            WriteNotifications(peer, now, output);
            WriteMessages(peer, output);
            WriteReceivedRoutes(peer, output);
            if (peer.Bfd is { } bfd)
            {
                WriteTitle("BFD", output);
                BfdView.WriteFields(bfd, now, output);
            }
        }
    }

    private static void WriteState(Peer peer, DateTimeOffset now, TextWriter output)
    {
        var fields = new FieldList();
        fields.Add("address", Cell.EndPoint(peer.Address, peer.Port));
        fields.Add("AS", $"{peer.PeerAs}, ours is {peer.LocalAs} ({(peer.PeerAs == peer.LocalAs ? "iBGP" : "eBGP")})");
        fields.Add("state", $"{PeerView.State(peer)} for {Cell.Since(peer.StateSince, now)}");
        fields.Add(peer.State == PeerState.Established ? "last end" : "reason", peer.Reason);
        fields.Add("suspected", peer.SuspectedCause);
        fields.Add("flaps", $"{peer.Flaps}");
        fields.Add("next retry", Retry(peer, now));
        fields.WriteTo(output);
    }

    private static string Retry(Peer peer, DateTimeOffset now) => peer switch
    {
        { NextRetryAt: not null } => $"in {Cell.Until(peer.NextRetryAt, now)}",
        { Passive: true, State: PeerState.Active } => "none: it waits for the peer to connect (passive)",
        _ => "",
    };

    private static void WriteSession(Peer peer, TextWriter output)
    {
        if (peer.Session is not { } session)
            return;
        WriteTitle("Session", output);
        var fields = new FieldList();
        fields.Add("local end", session.LocalAddress);
        fields.Add("remote end", session.RemoteAddress);
        fields.Add("router id", session.PeerBgpIdentifier);
        fields.Add("host", session.PeerHostName);
        fields.Add(
            "hold time",
            $"{Cell.ShortLength(session.HoldTime)}, KEEPALIVE every {Cell.ShortLength(session.KeepaliveInterval)}");
        fields.Add("families", string.Join(", ", session.Families));
        foreach (var blocked in session.BlockedFamilies)
            fields.Add("blocked", blocked);
        fields.Add("advertised", $"{session.AdvertisedIpv4} IPv4 and {session.AdvertisedIpv6} IPv6 prefixes");
        fields.WriteTo(output);
        WriteCapabilities(session, output);
    }

    // The speaker names each capability, and after a space what it carries.
    private static void WriteCapabilities(PeerSession session, TextWriter output)
    {
        WriteTitle("Capabilities", output);
        var table = new Table("NAME", "OURS", "THEIRS", "NEGOTIATED");
        var all = session.CapabilitiesSent.Concat(session.CapabilitiesReceived);
        foreach (var name in all.Select(capability => capability.Split(' ')[0]).Distinct())
        {
            table.Add(
                name, Contents(session.CapabilitiesSent), Contents(session.CapabilitiesReceived),
                Contents(session.CapabilitiesNegotiated));

            string Contents(IEnumerable<string> capabilities) => Cell.List(
                from capability in capabilities
                let parts = capability.Split(' ', 2)
                where parts[0] == name
                select parts.Length == 1 ? "yes" : parts[1]);
        }
        table.WriteTo(output);
    }

    private static void WriteTransitions(Peer peer, DateTimeOffset now, TextWriter output)
    {
        if (peer.Transitions.Count == 0)
            return;
        WriteTitle("Transitions", output);
        var table = new Table("AT", "AGO", "FROM", "TO", "TIMES", "CAUSE");
        foreach (var change in peer.Transitions)
        {
            table.Add(
                Cell.Time(change.At), Cell.Since(change.At, now), $"{change.From}", $"{change.To}", $"{change.Times}",
                change.Cause);
        }
        table.WriteTo(output);
    }

    private static void WriteNotifications(Peer peer, DateTimeOffset now, TextWriter output)
    {
        (string Direction, LastNotification? Last)[] both = [("sent", peer.LastSent), ("received", peer.LastReceived)];
        if (both.All(each => each.Last is null))
            return;
        WriteTitle("Last NOTIFICATIONs", output);
        var table = new Table("DIRECTION", "AT", "AGO", "CODE", "TEXT");
        foreach (var (direction, last) in both)
        {
            if (last is not null)
                table.Add(
                    direction, Cell.Time(last.At), Cell.Since(last.At, now), $"{last.Code}/{last.Subcode}", last.Text);
        }
        table.WriteTo(output);
    }

    private static void WriteMessages(Peer peer, TextWriter output)
    {
        WriteTitle("Messages", output);
        var table = new Table(
            "DIRECTION", "OPEN", "UPDATE", "NOTIFICATION", "KEEPALIVE", "ROUTE-REFRESH", "OCTETS");
        Add("sent", peer.Sent ?? new MessageCounters());
        Add("received", peer.Received ?? new MessageCounters());
        table.WriteTo(output);

        void Add(string direction, MessageCounters count) => table.Add(
            direction, $"{count.Open}", $"{count.Update}", $"{count.Notification}", $"{count.Keepalive}",
            $"{count.RouteRefresh}", $"{count.Octets}");
    }

    private static void WriteReceivedRoutes(Peer peer, TextWriter output)
    {
        if (peer.ReceivedRoutes is not { } routes)
            return;
        WriteTitle("Received routes (checked, counted and dropped)", output);
        var fields = new FieldList();
        fields.Add("announced", $"{routes.Announced}");
        fields.Add("withdrawn", $"{routes.Withdrawn}");
        fields.Add("treated as withdraw", $"{routes.TreatedAsWithdraw} UPDATEs");
        fields.Add("attributes discarded", $"{routes.AttributesDiscarded}");
        fields.Add("last error", routes.LastError);
        fields.Add("End-of-RIB", string.Join(", ", routes.EndOfRib));
        fields.WriteTo(output);
    }

    private static void WriteTitle(string title, TextWriter output)
    {
        output.WriteLine();
        output.WriteLine(title);
    }
}

using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl bfd</c>, and the part about BFD of a peer's page.</summary>
internal static class BfdView
{
    // JSON tells of the whole peers, as that of 'vipctl peers' does.
    public static readonly View<ListPeersResponse> View = new(answer => answer.Peers, Draw);

    private static readonly string[] Common =
        ["PEER", "STATE", "SINCE", "INTERVAL", "DETECTION", "REMOTE", "SENT", "RECEIVED", "DOWNS", "LATE"];
    private static readonly string[] More =
    [
        "LATE-MEAN", "LATE-MAX", "LAST-RECEIVED", "DISCARDED", "LOCAL", "REMOTE-TIMERS", "DISCRIMINATORS", "PATH",
        "STRICT", "REMOTE-DIAGNOSTIC",
    ];

    /// <summary>One session, a field a line.</summary>
    public static void WriteFields(BfdSession session, DateTimeOffset now, TextWriter output)
    {
        var fields = new FieldList();
        fields.Add("state", $"{session.State} for {Cell.Since(session.StateSince, now)}");
        fields.Add("diagnostic", session.LocalDiagnostic);
        fields.Add("remote state", Remote(session));
        fields.Add("interval", Cell.ShortLength(session.TransmitInterval));
        fields.Add("detection time", Cell.ShortLength(session.DetectionTime));
        fields.Add("local timers", Timers(session.Local));
        fields.Add("remote timers", Timers(session.Remote));
        fields.Add("discriminators", Discriminators(session));
        fields.Add("path", Path(session));
        fields.Add("strict", session.Strict ? "yes: no Established session without BFD Up" : "no");
        fields.Add(
            "packets",
            $"{session.PacketsSent} sent, {session.PacketsReceived} received, {session.PacketsDiscarded} discarded");
        fields.Add("last received", session.LastReceivedAt is null ? "" : $"{LastReceived(session, now)} ago");
        fields.Add("downs", $"{session.Downs}");
        if (session.Lateness is { } lateness)
        {
            fields.Add(
                "lateness",
                $"mean {Cell.ShortLength(lateness.Mean)}, maximum {Cell.ShortLength(lateness.Maximum)}, "
                + $"{lateness.LatePackets} packets late");
        }
        fields.WriteTo(output);
    }

    private static void Draw(ListPeersResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        var table = new Table([.. Common, .. wide ? More : [], "DIAGNOSTIC"]);
        foreach (var peer in answer.Peers.Where(peer => peer.Bfd is not null))
        {
            var session = peer.Bfd;
            string[] more =
            [
                Cell.ShortLength(session.Lateness?.Mean), Cell.ShortLength(session.Lateness?.Maximum),
                LastReceived(session, now), $"{session.PacketsDiscarded}", Timers(session.Local),
                Timers(session.Remote), Discriminators(session), Path(session), session.Strict ? "yes" : "no",
                session.RemoteDiagnostic,
            ];
            table.Add([
                peer.Name, $"{session.State}", Cell.Since(session.StateSince, now),
                Cell.ShortLength(session.TransmitInterval), Cell.ShortLength(session.DetectionTime),
                $"{session.RemoteState}", $"{session.PacketsSent}", $"{session.PacketsReceived}", $"{session.Downs}",
                $"{session.Lateness?.LatePackets ?? 0}", .. wide ? more : [], session.LocalDiagnostic,
            ]);
        }
        table.WriteTo(output);
    }

    private static string Remote(BfdSession session) =>
        session.RemoteDiagnostic.Length == 0
            ? $"{session.RemoteState}"
            : $"{session.RemoteState} ({session.RemoteDiagnostic})";

    // The speaker may have received one after vipctl has read the clock.
    private static string LastReceived(BfdSession session, DateTimeOffset now) =>
        session.LastReceivedAt?.ToDateTimeOffset() is { } at
            ? Cell.ShortLength((now > at ? now - at : TimeSpan.Zero).ToDuration())
            : "";

    // "300ms/300ms x3": DesiredMinTx, RequiredMinRx and Detect Mult, RFC 5880 section 4.1; a Detect Mult of 0 says that
    // nothing has come yet.
    private static string Timers(BfdTimers? timers) =>
        timers is null or { DetectMultiplier: 0 }
            ? ""
            : $"{Cell.ShortLength(timers.DesiredMinTx)}/{Cell.ShortLength(timers.RequiredMinRx)} "
                + $"x{timers.DetectMultiplier}";

    private static string Discriminators(BfdSession session) =>
        $"{session.LocalDiscriminator}/{(session.RemoteDiscriminator == 0 ? "?" : $"{session.RemoteDiscriminator}")}";

    private static string Path(BfdSession session) => session.Multihop ? "multihop" : "single-hop";
}

using System.Text.Json;
using System.Text.Json.Nodes;
using AnycastVip.Proto.V1;
using Google.Protobuf;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl status</c>: one screen, with what needs a hand at its top.</summary>
internal static class StatusView
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes it in <paramref name="format"/>; both kinds of JSON are one document.</summary>
    public static void Write(NodeStatus status, OutputFormat format, DateTimeOffset now, TextWriter output)
    {
        if (format == OutputFormat.Json)
            output.WriteLine(Document(status).ToJsonString(Indented));
        else if (format == OutputFormat.JsonLines)
            output.WriteLine(Document(status).ToJsonString());
        else
            Draw(status, format, now, output);
    }

    private static void Draw(NodeStatus status, OutputFormat format, DateTimeOffset now, TextWriter output)
    {
        foreach (var line in Head(status, now))
            output.WriteLine(Table.Printable(line));
        if (status.Speaker is { } speaker)
        {
            Section("Peers", PeerView.View, speaker.Peers);
            // Without the gate nobody tells of VIPs; what the routers were told still counts.
            if (status.Gate is null)
                Section("Routes", RouteView.View, speaker.Routes);
        }
        if (status.Gate is { } gate)
        {
            Section("VIPs", VipView.View, gate.Vips);
            Section("Backends", BackendView.View, gate.Backends);
        }

        void Section<TAnswer>(string title, View<TAnswer> view, TAnswer answer)
            where TAnswer : IMessage
        {
            output.WriteLine();
            output.WriteLine(title);
            view.Write(answer, format, now, output);
        }
    }

    private static IEnumerable<string> Head(NodeStatus status, DateTimeOffset now)
    {
        var name = status.Gate?.Gate.Node ?? status.Speaker?.Speaker.Node ?? status.Proxy?.Node;
        yield return $"{name ?? "this node"}: {status.Gate?.Gate.Verdict ?? "the gate does not answer"}";
        foreach (var (daemon, why) in status.Silent)
            yield return $"NO ANSWER from the {daemon}: {why}";
        if (status.Speaker?.Speaker.Emergency is { } emergency)
        {
            yield return $"EMERGENCY WITHDRAW for {Cell.Since(emergency.Since, now)}: {emergency.Reason} "
                + "(lift it with 'vipctl emergency lift')";
        }
        foreach (var drain in status.Gate?.Gate.Drains ?? [])
        {
            yield return $"DRAIN for {Cell.Since(drain.OrderedAt, now)}: {DrainText.Order(drain)}";
            if (drain.PersistError.Length > 0)
                yield return $"ALARM: the drain of {DrainText.Target(drain.Target)} is not saved: {drain.PersistError}";
        }
        foreach (var (daemon, link) in Links(status.Gate?.Gate))
        {
            var since = link.Since is null ? "" : $" for {Cell.Since(link.Since, now)}";
            yield return $"ALARM: the gate has had no {daemon}{since}: {link.Reason}";
        }
        foreach (var alarm in Alarms(status))
            yield return $"ALARM: {alarm}";
        if (status.Proxy is { } proxy)
            yield return $"proxy: {proxy.Connections} of at most {proxy.MaxConnections} connections";
    }

    private static IEnumerable<(string Daemon, ProcessLink Link)> Links(GetGateResponse? gate)
    {
        if (gate?.Speaker is { Connected: false } speaker)
            yield return ("speaker", speaker);
        if (gate?.Proxy is { Connected: false } proxy)
            yield return ("proxy", proxy);
    }

    private static IEnumerable<string> Alarms(NodeStatus status) =>
    [
        .. status.Gate?.Gate.Alarms ?? [], .. status.Speaker?.Speaker.Alarms ?? [], .. status.Proxy?.Alarms ?? [],
    ];

    private static JsonObject Document(NodeStatus status) => new()
    {
        ["gate"] = Json(status.Gate?.Gate),
        ["speaker"] = Json(status.Speaker?.Speaker),
        ["proxy"] = Json(status.Proxy),
        ["peers"] = Json(status.Speaker?.Peers)?["peers"]?.DeepClone(),
        ["routes"] = Json(status.Speaker?.Routes)?["routes"]?.DeepClone(),
        ["vips"] = Json(status.Gate?.Vips)?["vips"]?.DeepClone(),
        ["backends"] = Json(status.Gate?.Backends)?["backends"]?.DeepClone(),
        ["silent"] = new JsonArray([
            .. status.Silent.Select(each => new JsonObject { ["daemon"] = each.Daemon, ["reason"] = each.Why }),
        ]),
    };

    private static JsonNode? Json(IMessage? message) =>
        message is null ? null : JsonNode.Parse(ViewJson.Line.Format(message));
}

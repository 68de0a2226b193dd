using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl vips</c>.</summary>
internal static class VipView
{
    public static readonly View<ListVipsResponse> View = new(answer => answer.Vips, Draw);

    private static readonly string[] Common = ["NAME", "STATE", "SINCE", "BACKENDS", "WANTED", "PEERS"];
    private static readonly string[] More = ["PREFIXES", "ADDRESSES", "LISTENERS", "DAMPED-FOR", "DRAIN", "EVENT"];

    private static void Draw(ListVipsResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        var table = new Table([.. Common, .. wide ? More : [], "REASON"]);
        foreach (var vip in answer.Vips)
        {
            string[] more =
            [
                Cell.List(vip.Prefixes.Select(Prefix)), Cell.List(vip.Addresses.Select(Address)),
                Cell.List(vip.Addresses.SelectMany(Listeners)), Cell.Until(vip.DampedUntil, now),
                DrainText.Order(vip.Drain), Cell.Event(vip.CauseEventId),
            ];
            table.Add([
                vip.Name, $"{vip.State}", Cell.Since(vip.StateSince, now), .. Backends(vip), Peers(vip),
                .. wide ? more : [], vip.Reason,
            ]);
        }
        table.WriteTo(output);
    }

    // An announce-only VIP has no backends: its health comes from checks alone.
    private static string[] Backends(Vip vip) =>
        vip.BackendsTotal == 0 ? ["", ""] : [$"{vip.BackendsUp}/{vip.BackendsTotal}", $"{vip.BackendsWanted}"];

    // The prefix that reached the fewest peers: a VIP whose IPv6 half is missing is not fully announced.
    private static string Peers(Vip vip) =>
        vip.Prefixes.MinBy(prefix => (double)prefix.PeersAdvertised / Math.Max(1, prefix.PeersTotal)) is { } least
            ? $"{least.PeersAdvertised}/{least.PeersTotal}"
            : "";

    private static string Prefix(VipPrefix prefix) =>
        $"{prefix.Prefix} {prefix.PeersAdvertised}/{prefix.PeersTotal}{Why(prefix.Reason)}";

    private static string Address(VipAddress address) =>
        $"{address.Address} {(address.Foreign ? "foreign" : address.Present ? "present" : "absent")}";

    private static IEnumerable<string> Listeners(VipAddress address) =>
        from port in address.Ports
        let state = port.Proven ? "proven" : port.Listening ? "listening" : "closed"
        select $"{Cell.EndPoint(address.Address, port.Port)} {state}{Why(port.Reason)}";

    private static string Why(string reason) => reason.Length == 0 ? "" : $" ({reason})";
}

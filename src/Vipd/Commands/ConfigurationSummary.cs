using System.Globalization;
using System.Text;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.StrictYaml;
using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Commands;

/// <summary>What a checked configuration amounts to, for <c>vipd --check</c>.</summary>
internal static class ConfigurationSummary
{
    /// <summary>A few lines without a final line break; never a password.</summary>
    public static string Of(string path, NodeConfiguration configuration)
    {
        var speaker = configuration.Speaker;
        var text = new StringBuilder();
        Line(text, $"{path}: OK");
        var site = configuration.Site is null ? "" : $" at {configuration.Site}";
        Line(text, $"node {speaker.NodeName}{site}, AS {speaker.Asn}, sockets in {configuration.ApiDirectory}");
        Line(text, $"listens on {Joined(speaker.Listen)}");
        Line(text, $"may announce {Joined(speaker.AllowedPrefixes)}");
        var (ttl, heartbeat) = (ScalarTypes.Format(speaker.LeaseTtl), ScalarTypes.Format(speaker.LeaseHeartbeat));
        Line(text, $"lease {ttl}, heartbeat {heartbeat}");
        foreach (var peer in speaker.Peers)
            Line(text, Describe(peer));
        return text.ToString().TrimEnd('\n');
    }

    private static FormattableString Describe(PeerOptions peer)
    {
        var scope = peer.Interface is null ? "" : $"%{peer.Interface}";
        var session = peer.Session;
        var kind = session.IsExternal ? "eBGP" : "iBGP";
        var notes = (session.Passive ? ", passive" : "") + (peer.Shutdown ? ", shut down" : "")
            + (peer.Password is null ? "" : ", MD5")
            + (peer.TtlSecurityHops is { } hops ? $", GTSM {hops}" : "");
        var terms = $"{Joined(session.Families)}, hold {ScalarTypes.Format(session.HoldTime)}";
        return $"peer {peer.Name}: {peer.Address}{scope}, AS {session.PeerAs} ({kind}), {terms}{notes}";
    }

    private static string Joined<T>(IReadOnlyCollection<T> items) =>
        items.Count == 0 ? "nothing" : string.Join(", ", items);

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}

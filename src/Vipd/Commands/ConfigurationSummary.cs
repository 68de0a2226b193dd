using System.Diagnostics;
using System.Globalization;
using System.Text;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.HealthGate.Engine;
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
        var places = $"sockets in {configuration.ApiDirectory}, state in {configuration.StateDirectory}";
        Line(text, $"node {speaker.NodeName}{site}, AS {speaker.Asn}, {places}");
        Line(text, $"listens on {Joined(speaker.Listen)}");
        Line(text, $"may announce {Joined(speaker.AllowedPrefixes)}");
        var (ttl, heartbeat) = (ScalarTypes.Format(speaker.LeaseTtl), ScalarTypes.Format(speaker.LeaseHeartbeat));
        Line(text, $"lease {ttl}, heartbeat {heartbeat}");
        foreach (var peer in speaker.Peers)
            Line(text, Describe(peer));
        var gate = configuration.Gate;
        foreach (var check in gate.Checks)
            Line(text, Describe(check));
        foreach (var pool in gate.Pools)
            Line(text, Describe(pool));
        foreach (var vip in gate.Vips)
            Line(text, Describe(vip));
        return text.ToString().TrimEnd('\n');
    }

    private static FormattableString Describe(PeerOptions peer)
    {
        var where = peer.IsUnnumbered ? $"unnumbered on {peer.Interface}"
            : peer.Interface is null ? $"{peer.Address}"
            : $"{peer.Address}%{peer.Interface}";
        var session = peer.Session;
        var kind = session.IsExternal ? "eBGP" : "iBGP";
        var notes = (session.Passive ? ", passive" : "") + (peer.Shutdown ? ", shut down" : "")
            + (peer.Password is null ? "" : ", MD5")
            + (peer.TtlSecurityHops is { } hops ? $", GTSM {hops}" : "");
        var terms = $"{Joined(session.Families)}, hold {ScalarTypes.Format(session.HoldTime)}";
        return $"peer {peer.Name}: {where}, AS {session.PeerAs} ({kind}), {terms}{notes}";
    }

    private static FormattableString Describe(CheckOptions check)
    {
        var settings = check.Settings;
        var times = $"every {ScalarTypes.Format(settings.Interval)}, while changing every "
            + $"{ScalarTypes.Format(settings.FastInterval)}, timeout {ScalarTypes.Format(settings.Timeout)}";
        return $"check {check.Name}: {Describe(check.Kind)}, {times}, rise {settings.Rise}, fall {settings.Fall}";
    }

    private static string Describe(CheckKind kind) => kind switch
    {
        CheckKind.Tcp tcp => $"tcp{On(tcp.Port)}",
        CheckKind.Http http => $"http{On(http.Port)} {http.Path} expects {http.ExpectedStatus}",
        CheckKind.Exec exec => $"exec {exec.File}",
        _ => throw new UnreachableException($"no such kind of check: {kind}"),
    };

    private static string On(int? port) => port is null ? "" : $" port {port}";

    private static FormattableString Describe(PoolOptions pool)
    {
        var balance = PoolKeys.BalanceWords.First(choice => choice.Value == pool.Balance).Word;
        var backends = pool.Backends
            .Select(backend => $"{backend.Name} {backend.Endpoint}{(backend.IsBackup ? " (backup)" : "")}").ToList();
        return $"pool {pool.Name}: {balance}, check {pool.Check.Name}, backends {Joined(backends)}";
    }

    private static FormattableString Describe(VipOptions vip)
    {
        var listeners = vip.Listeners.Select(listener => $"port {listener.Port} to pool {listener.Pool}").ToList();
        var serves = listeners.Count > 0 ? Joined(listeners) : "announce-only";
        var checks = vip.Checks.Count == 0 ? "" : $", checks {Joined([.. vip.Checks.Select(check => check.Name)])}";
        return $"vip {vip.Settings.Name}: {Joined(vip.Addresses)}, {serves}{checks}, announces {Joined(vip.Prefixes)}";
    }

    private static string Joined<T>(IReadOnlyCollection<T> items) =>
        items.Count == 0 ? "nothing" : string.Join(", ", items);

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}

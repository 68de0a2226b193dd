using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads the keys that a peer shares with <c>peerDefaults</c>.</summary>
internal sealed class SharedPeerReader(
    DiagnosticList diagnostics, PasswordFileReader passwords, BfdReader bfd, NodeIdentity node)
{
    // What other speakers call it.
    private static readonly string[] NamesOfTtl = ["ebgpMultihop", "multihop"];

    /// <summary>The peer with all of its shared keys.</summary>
    /// <param name="reader">A peer with its defaults behind it, or the defaults by themselves.</param>
    /// <param name="peer">What only the peer itself can say.</param>
    public PeerOptions Read(MappingReader reader, PeerOptions peer)
    {
        var nextHop = reader.Read(PeerKeys.NextHop);
        foreach (var name in NamesOfTtl)
            reader.Refuse(name, "is 'ttl' here: the number of hops (or 'ttlSecurityHops' for GTSM)");
        var options = peer with
        {
            Port = (int)reader.Read(PeerKeys.Port, 0),
            Password = ReadPassword(reader),
            TtlSecurityHops = (int?)reader.ReadNullable(PeerKeys.TtlSecurityHops),
            Ttl = (int?)reader.ReadNullable(PeerKeys.Ttl),
            Shutdown = reader.Read(PeerKeys.Shutdown, false),
            Session = ReadSession(reader, peer),
            DefaultRouteMetric = ReadDefaultRouteMetric(reader),
            NextHopIPv4 = nextHop?.ReadOrNull(NextHopKeys.IPv4),
            NextHopIPv6 = nextHop?.ReadOrNull(NextHopKeys.IPv6),
            Attributes = ReadAttributes(reader),
        };
        nextHop?.Finish(NextHopKeys.Section);
        return options with { Bfd = bfd.Read(reader, options) };
    }

    private PeerSettings ReadSession(MappingReader reader, PeerOptions peer) => new()
    {
        LocalAs = reader.Read(PeerKeys.LocalAsn, node.Asn),
        PeerAs = reader.Read(PeerKeys.Asn, 0u),
        BgpIdentifier = node.RouterId,
        HoldTime = reader.Read(PeerKeys.HoldTime, default),
        Families = ReadFamilies(reader, peer),
        ExtendedNextHop = reader.ReadNullable(PeerKeys.ExtendedNextHop) ?? peer.IsUnnumbered,
        Passive = reader.Read(PeerKeys.Passive, false),
        RetryMinimum = reader.Read(PeerKeys.RetryMinimum, default),
        RetryMaximum = reader.Read(PeerKeys.RetryMaximum, default),
        RetryAfterCease = reader.Read(PeerKeys.RetryAfterCease, default),
        ConnectTimeout = reader.Read(PeerKeys.ConnectTimeout, default),
        MaximumPrefixes = (int?)reader.ReadNullable(PeerKeys.MaximumPrefixes),
        SendHoldTime = reader.ReadNullable(PeerKeys.SendHoldTime),
        RestartTime = ReadRestartTime(reader),
        Role = reader.ReadNullable(PeerKeys.Role),
        AddPathReceive = reader.Read(PeerKeys.AddPath, false),
        StrictRole = reader.Read(PeerKeys.StrictRole, false),
        HostName = node.Name,
    };

    private static uint? ReadDefaultRouteMetric(MappingReader reader)
    {
        var section = reader.Read(PeerKeys.InstallDefaultRoute);
        var metric = section?.Read(InstallDefaultRouteKeys.Metric, 0);
        section?.Finish(InstallDefaultRouteKeys.Section);
        return metric is 0 ? null : (uint?)metric;
    }

    private static TimeSpan? ReadRestartTime(MappingReader reader)
    {
        var section = reader.Read(PeerKeys.GracefulRestart);
        var time = section?.Read(GracefulRestartKeys.RestartTime, default);
        section?.Finish(GracefulRestartKeys.Section);
        return time == TimeSpan.Zero ? null : time;
    }

    private ValueList<Family> ReadFamilies(MappingReader reader, PeerOptions peer)
    {
        if (reader.Node(PeerKeys.Families.Name) is null && peer.IsUnnumbered)
            return [Family.IPv4Unicast, Family.IPv6Unicast];
        if (reader.Node(PeerKeys.Families.Name) is null)
            return [peer.Address.AddressFamily == AddressFamily.InterNetwork ? Family.IPv4Unicast : Family.IPv6Unicast];
        if (reader.Node(PeerKeys.Families.Name) is YamlSequence { Items: [] } empty)
            diagnostics.Error(empty.Position, "families: at least one is needed");
        return reader.ReadDistinct(PeerKeys.Families, diagnostics).Values();
    }

    private RouteAttributes ReadAttributes(MappingReader reader) => new()
    {
        Med = (uint?)reader.ReadNullable(PeerKeys.Med),
        LocalPref = (uint?)reader.ReadNullable(PeerKeys.LocalPref),
        AsPathPrepend = (int)reader.Read(PeerKeys.AsPathPrepend, 0),
        Communities = reader.ReadDistinct(PeerKeys.Communities, diagnostics).Values(),
        ExtendedCommunities = reader.ReadDistinct(PeerKeys.ExtendedCommunities, diagnostics).Values(),
        LinkBandwidth = reader.ReadNullable(PeerKeys.LinkBandwidth),
        LargeCommunities = reader.ReadDistinct(PeerKeys.LargeCommunities, diagnostics).Values(),
    };

    private string? ReadPassword(MappingReader reader)
    {
        reader.Refuse("password", "is not written in this file: use 'passwordFile'");
        return reader.ReadOrNull(PeerKeys.PasswordFile) is { } path
            ? passwords.Read(path, reader.PositionOf(PeerKeys.PasswordFile.Name), diagnostics)
            : null;
    }
}

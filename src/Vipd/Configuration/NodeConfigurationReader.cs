using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Proxy.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Turns a document into options; goes on after each finding, so that all come at once.</summary>
internal sealed class NodeConfigurationReader(DiagnosticList diagnostics, PasswordFileReader passwords)
{
    private const string NothingAllowed = "speaker.allowedPrefixes lists no prefix: nothing may be announced";

    /// <summary>The configuration; without meaning when there are errors among the findings.</summary>
    public NodeConfiguration? Read(YamlNode document)
    {
        if (MappingReader.Open(document, diagnostics) is not { } root)
            return null;
        root.Read(RootKeys.Version, 1);
        root.Require(RootKeys.Node.Name);
        var identity = ReadIdentity(root.Read(RootKeys.Node));
        var apiDirectory = ReadApiDirectory(root.ReadOrEmpty(RootKeys.Api, diagnostics));
        var stateDirectory = ReadStateDirectory(root.ReadOrEmpty(RootKeys.State, diagnostics));
        var listen = ReadSpeaker(root, out var allowedPrefixes);
        var (ttl, heartbeat) = ReadLease(root.ReadOrEmpty(RootKeys.Lease, diagnostics));
        var bfd = new BfdReader(diagnostics, root);
        var peers = new PeersReader(diagnostics, passwords, bfd, identity, listen).Read(root);
        bfd.WarnOfUnused();
        var speaker = new SpeakerOptions
        {
            NodeName = identity.Name,
            Asn = identity.Asn,
            RouterId = identity.RouterId,
            Listen = listen,
            AllowedPrefixes = allowedPrefixes ?? [],
            LeaseTtl = ttl,
            LeaseHeartbeat = heartbeat,
            Peers = peers,
        };
        var (maxConnections, engine, replaceTimeout) = ReadProxy(root.ReadOrEmpty(RootKeys.Proxy, diagnostics));
        var gate = new GateReader(diagnostics, allowedPrefixes).Read(root, identity, speaker);
        root.Finish(RootKeys.Section);
        return new NodeConfiguration
        {
            Site = identity.Site,
            ApiDirectory = apiDirectory,
            StateDirectory = stateDirectory,
            Speaker = speaker,
            Gate = gate with { MaxConnections = maxConnections },
            ProxyEngine = engine,
            ProxyReplaceTimeout = replaceTimeout,
            Settings = FlatDocument.Of(document),
        };
    }

    private static NodeIdentity ReadIdentity(MappingReader? reader)
    {
        if (reader is null)
            return NodeIdentity.Unknown;
        var identity = new NodeIdentity(
            reader.Read(NodeKeys.Name, NodeIdentity.Unknown.Name),
            reader.ReadOrNull(NodeKeys.Site),
            reader.Read(NodeKeys.Asn, NodeIdentity.Unknown.Asn),
            reader.Read(NodeKeys.RouterId, NodeIdentity.Unknown.RouterId));
        reader.Finish(NodeKeys.Section);
        return identity;
    }

    private static string ReadApiDirectory(MappingReader reader)
    {
        var directory = reader.Read(ApiKeys.Directory, "");
        reader.Finish(ApiKeys.Section);
        return directory;
    }

    private static string ReadStateDirectory(MappingReader reader)
    {
        var directory = reader.Read(StateKeys.Directory, "");
        reader.Finish(StateKeys.Section);
        return directory;
    }

    private static (int MaxConnections, TransportKind Engine, TimeSpan ReplaceTimeout) ReadProxy(MappingReader reader)
    {
        var most = (int)(reader.ReadNullable(ProxyKeys.MaxConnections) ?? 0);
        var engine = reader.Read(ProxyKeys.Engine, default);
        var timeout = reader.Read(ProxyKeys.ReplaceTimeout, default);
        reader.Finish(ProxyKeys.Section);
        return (most, engine, timeout);
    }

    private (TimeSpan Ttl, TimeSpan Heartbeat) ReadLease(MappingReader reader)
    {
        var ttl = reader.Read(LeaseKeys.Ttl, default);
        var heartbeat = reader.Read(LeaseKeys.Heartbeat, default);
        if (heartbeat > ttl / 2)
        {
            diagnostics.Error(
                reader.PositionOf(LeaseKeys.Heartbeat.Name),
                $"heartbeat: {ScalarTypes.Format(heartbeat)} is more than half of ttl, {ScalarTypes.Format(ttl)}: "
                + "one lost heartbeat would end the lease");
        }
        reader.Finish(LeaseKeys.Section);
        return (ttl, heartbeat);
    }

    // The list is null when a line of it was refused: then nobody can say what it permits.
    private ValueList<IPEndPoint> ReadSpeaker(MappingReader root, out ValueList<AllowedPrefix>? allowedPrefixes)
    {
        var reader = root.ReadOrEmpty(RootKeys.Speaker, diagnostics);
        var listen = new List<IPEndPoint>();
        foreach (var (at, endPoint) in reader.Read(SpeakerKeys.Listen))
        {
            if (listen.Contains(endPoint))
                diagnostics.Error(at, $"listen: {endPoint} is listed twice");
            listen.Add(endPoint);
        }
        var items = reader.Sequence(SpeakerKeys.AllowedPrefixes.Name) ?? [];
        if (reader.Node(SpeakerKeys.AllowedPrefixes.Name) is null or YamlSequence { Items: [] })
            diagnostics.Warning(reader.PositionOf(SpeakerKeys.AllowedPrefixes.Name), NothingAllowed);
        var allowed = items.Select(ReadAllowedPrefix).OfType<AllowedPrefix>().ToValueList();
        allowedPrefixes = allowed.Count == items.Count ? allowed : null;
        reader.Finish(SpeakerKeys.Section);
        return listen.ToValueList();
    }

    private AllowedPrefix? ReadAllowedPrefix(YamlNode node)
    {
        if (MappingReader.Open(node, diagnostics) is not { } reader)
            return null;
        var before = reader.ReadNullable(AllowedPrefixKeys.Prefix);
        reader.Require(AllowedPrefixKeys.Prefix.Name);
        var ge = reader.ReadNullable(AllowedPrefixKeys.Ge);
        var le = reader.ReadNullable(AllowedPrefixKeys.Le);
        reader.Finish(AllowedPrefixKeys.Section);
        if (before is not { } prefix)
            return null;
        var longest = prefix.IsIPv6 ? 128 : 32;
        var minimum = ge ?? prefix.Length;
        var maximum = le ?? (ge is null ? prefix.Length : longest);
        if (minimum < prefix.Length || minimum > longest)
        {
            diagnostics.Error(
                reader.PositionOf(AllowedPrefixKeys.Ge.Name),
                $"ge: {minimum} is not in the range {prefix.Length}–{longest} of {prefix}");
            return null;
        }
        if (maximum < minimum || maximum > longest)
        {
            diagnostics.Error(
                reader.PositionOf(AllowedPrefixKeys.Le.Name),
                $"le: {maximum} is not in the range {minimum}–{longest} of {prefix}");
            return null;
        }
        if (minimum == 0)
            diagnostics.Warning(reader.Position, $"this permits the default route {prefix}");
        return new AllowedPrefix(prefix, (byte)minimum, (byte)maximum);
    }
}

/// <summary>What the file says under <c>node</c>.</summary>
internal sealed record NodeIdentity(string Name, string? Site, uint Asn, uint RouterId)
{
    /// <summary>Stands in for what could not be read, so that reading can go on.</summary>
    public static readonly NodeIdentity Unknown = new("unknown", null, 0, 0);
}

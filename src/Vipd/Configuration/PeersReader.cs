using System.Net;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads <c>peers</c> and <c>peerDefaults</c>.</summary>
internal sealed class PeersReader(
    DiagnosticList diagnostics, PasswordFileReader passwords, BfdReader bfd, NodeIdentity node,
    ValueList<IPEndPoint> listen)
{
    private readonly SharedPeerReader _shared = new(diagnostics, passwords, bfd, node);
    private readonly PeerChecks _checks = new(diagnostics, listen);
    private readonly UniqueValues _unique = new("peer", diagnostics);

    /// <summary>The peers; without meaning when there are errors among the findings.</summary>
    public ValueList<PeerOptions> Read(MappingReader root)
    {
        var defaults = root.Read(RootKeys.PeerDefaults);
        if (defaults is not null)
        {
            // Also what no peer uses must be right. What is wrong is found again with each peer, and told once.
            _shared.Read(defaults, Unnamed);
            defaults.Finish(PeerKeys.DefaultsSection);
        }
        var items = root.Sequence(RootKeys.Peers.Name) ?? [];
        if (root.Node(RootKeys.Peers.Name) is null or YamlSequence { Items: [] })
            diagnostics.Warning(root.PositionOf(RootKeys.Peers.Name), "no peers: nothing is announced to anyone");
        return items.Select(item => ReadPeer(item, defaults)).OfType<PeerOptions>().ToValueList();
    }

    private static PeerOptions Unnamed => new()
    {
        Name = "unnamed",
        Address = IPAddress.Any,
        Session = new PeerSettings { LocalAs = 0, PeerAs = 0, BgpIdentifier = 0 },
    };

    private PeerOptions? ReadPeer(YamlNode item, MappingReader? defaults)
    {
        if (MappingReader.Open(item, diagnostics, defaults) is not { } reader)
            return null;
        reader.Require(PeerKeys.Name.Name);
        var name = reader.ReadOrNull(PeerKeys.Name);
        var address = ReadAddress(reader);
        reader.Require(PeerKeys.Asn.Name);
        var peer = Unnamed with
        {
            Name = name ?? Unnamed.Name,
            Address = address?.Address ?? Unnamed.Address,
            Interface = address?.Interface,
            LocalAddress = reader.ReadOrNull(PeerKeys.LocalAddress),
        };
        peer = _shared.Read(reader, peer);
        reader.Finish(PeerKeys.Section);
        _unique.Take(reader, PeerKeys.Name, name);
        if (peer.IsUnnumbered)
            _unique.Take(reader, PeerKeys.Interface, peer.Interface);
        else
            _unique.Take(reader, PeerKeys.Address, address);
        if (address is not null)
            _checks.Check(reader, peer);
        return peer;
    }

    private ScopedAddress? ReadAddress(MappingReader reader)
    {
        var written = reader.ReadOrNull(PeerKeys.Address);
        var networkInterface = reader.ReadOrNull(PeerKeys.Interface);
        if (reader.Node(PeerKeys.Address.Name) is null)
            return ReadUnnumbered(reader, networkInterface);
        if (written is null)
            return null;
        if (reader.Node(PeerKeys.Interface.Name) is null)
        {
            if (written.Address.IsIPv6LinkLocal && written.Interface is null)
            {
                diagnostics.Error(
                    reader.PositionOf(PeerKeys.Address.Name),
                    $"address: {written} is link-local and needs its interface: write {written}%INTERFACE");
            }
            return written;
        }
        var refusal = !written.Address.IsIPv6LinkLocal ? $"{written.Address} is not link-local and takes no interface"
            : written.Interface is not null ? $"the address already names {written.Interface}"
            : null;
        if (refusal is not null)
            diagnostics.Error(reader.PositionOf(PeerKeys.Interface.Name), $"interface: {refusal}");
        return written with { Interface = networkInterface };
    }

    private ScopedAddress? ReadUnnumbered(MappingReader reader, string? networkInterface)
    {
        if (reader.Node(PeerKeys.Interface.Name) is null)
        {
            diagnostics.Error(
                reader.Position,
                "a peer needs 'address', or 'interface' alone if it is to be learned from router advertisements");
        }
        return networkInterface is null ? null : new ScopedAddress(IPAddress.IPv6Any, networkInterface);
    }
}

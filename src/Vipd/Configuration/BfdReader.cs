using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads <c>bfdProfiles</c>, and <c>bfd</c> of a peer.</summary>
internal sealed class BfdReader
{
    private readonly DiagnosticList _diagnostics;
    private readonly NamedItems<BfdSettings> _profiles;

    /// <summary>Reads the profiles.</summary>
    public BfdReader(DiagnosticList diagnostics, MappingReader root)
    {
        _diagnostics = diagnostics;
        _profiles = new(RootKeys.BfdProfiles, "BFD profile", diagnostics);
        _profiles.Read(root, ReadProfile);
    }

    /// <summary>Warns of each profile that no peer uses.</summary>
    public void WarnOfUnused() => _profiles.WarnOfUnused();

    /// <summary>The BFD session of a peer; null: none.</summary>
    /// <param name="reader">The peer's, or that of the defaults.</param>
    /// <param name="peer">What is known of the peer by now: its TTLs.</param>
    public BfdOptions? Read(MappingReader reader, PeerOptions peer)
    {
        var node = reader.Node(PeerKeys.Bfd.Name);
        if (node is not YamlScalar)
            return reader.Read(PeerKeys.Bfd) is { } mapping ? ReadMapping(mapping, peer) : null;
        if (!reader.TryRead(PeerKeys.Bfd.Name, BgpTypes.Name, out var name) || name == BfdKeys.None)
            return null;
        return _profiles.Find(name, node.Position, PeerKeys.Bfd) is { } settings ? Options(settings, peer) : null;
    }

    private BfdSettings? ReadProfile(string name, MappingReader reader)
    {
        if (name == BfdKeys.None)
            _diagnostics.Error(reader.Position, $"bfdProfiles: {name.Quoted()} stands for no BFD: take another name");
        var settings = new BfdSettings(
            reader.Read(BfdProfileKeys.TransmitInterval, default),
            reader.Read(BfdProfileKeys.ReceiveInterval, default),
            (byte)reader.Read(BfdProfileKeys.DetectMultiplier, 1));
        reader.Finish(BfdProfileKeys.Section);
        return settings;
    }

    private BfdOptions ReadMapping(MappingReader reader, PeerOptions peer)
    {
        var profile = reader.ReadOrNull(BfdKeys.Profile) is { } name
            ? _profiles.Find(name, reader.PositionOf(BfdKeys.Profile.Name), BfdKeys.Profile)
            : null;
        profile ??= Defaults();
        var settings = new BfdSettings(
            reader.ReadNullable(BfdKeys.TransmitInterval) ?? profile.DesiredMinTxInterval,
            reader.ReadNullable(BfdKeys.ReceiveInterval) ?? profile.RequiredMinRxInterval,
            (byte)(reader.ReadNullable(BfdKeys.DetectMultiplier) ?? profile.DetectMult));
        var options = Options(settings, peer);
        var isMultihop = reader.ReadNullable(BfdKeys.Multihop) ?? options.IsMultihop;
        var minimumTtl = reader.ReadNullable(BfdKeys.MinimumTtl);
        if (minimumTtl is not null && !isMultihop)
            _diagnostics.Error(reader, BfdKeys.MinimumTtl, "only for multihop; one hop away it is always 255");
        options = options with
        {
            Strict = reader.Read(BfdKeys.Strict, false),
            IsMultihop = isMultihop,
            MinimumTtl = (byte?)minimumTtl ?? options.MinimumTtl,
        };
        reader.Finish(BfdKeys.Section);
        return options;
    }

    // The timers of a profile that says nothing.
    private BfdSettings Defaults() =>
        ReadProfile("", MappingReader.Open(new YamlMapping(Position.Start, []), _diagnostics)!)!;

    // The same distance as BGP's: ttl reaches one router less than it says, ttlSecurityHops counts the peer.
    private static BfdOptions Options(BfdSettings settings, PeerOptions peer)
    {
        var options = new BfdOptions { Settings = settings };
        return (peer.TtlSecurityHops ?? peer.Ttl) is > 1 and var hops
            ? options with { IsMultihop = true, MinimumTtl = (byte)(BfdPath.FullTtl - hops + 1) }
            : options;
    }
}

using AnycastVip.StrictYaml;

namespace AnycastVip.Netlab.Model;

/// <summary>Reads the whole file and merges its levels.</summary>
/// <param name="diagnostics">Takes the findings.</param>
/// <param name="directory">Where relative paths start.</param>
internal sealed class TopologyReader(DiagnosticList diagnostics, string directory)
{
    private readonly NodeDefinitionReader _definitions = new(diagnostics, directory);

    private NodeDefinition _defaults = NodeDefinition.Empty;
    private Dictionary<string, NodeDefinition> _kinds = [];
    private Dictionary<string, NodeDefinition> _groups = [];

    /// <summary>Reads the file; the result is of use only when there are no findings.</summary>
    public Topology? Read(YamlNode root)
    {
        if (MappingReader.Open(root, diagnostics) is not { } keys)
            return null;
        var name = keys.Required("name", TopologyTypes.Name, "");
        var prefix = keys.TryRead("prefix", TopologyTypes.Prefix, out var given) ? given : null;
        keys.Require("topology");
        var topology = keys.Mapping("topology");
        ContainerlabKeys.RefuseIn(keys, ContainerlabKeys.Root);
        keys.Finish();
        return topology is null ? null : ReadTopology(topology, name, prefix);
    }

    private Topology ReadTopology(MappingReader keys, string name, string? prefix)
    {
        _defaults = _definitions.Read(keys.Node("defaults"));
        _kinds = ReadLevels(keys.Mapping("kinds"), entry =>
        {
            if (entry.Key != "linux")
                diagnostics.Error(
                    entry.KeyPosition, TopologyTypes.NotSupported($"kind {entry.Key.Quoted()}", "only 'linux' is"));
            return _definitions.Read(entry.Value, takesKind: false);
        });
        _groups = ReadLevels(keys.Mapping("groups"), entry => _definitions.Read(entry.Value, takesGroup: false));
        keys.Require("nodes");
        var nodes = ReadLevels(keys.Mapping("nodes"), ReadNode);
        var linkReader = new LinkReader(diagnostics, nodes);
        var links = (keys.Sequence("links") ?? []).Select(linkReader.Read).OfType<Link>().ToList();
        keys.Finish();
        return new Topology(name, prefix, [.. nodes.Select(pair => ToNode(pair.Key, pair.Value))], links);
    }

    private static Dictionary<string, NodeDefinition> ReadLevels(
        MappingReader? keys, Func<YamlEntry, NodeDefinition> read) =>
        (keys?.AllEntries() ?? []).ToDictionary(entry => entry.Key, read, StringComparer.Ordinal);

    private NodeDefinition ReadNode(YamlEntry entry)
    {
        if (TopologyTypes.NameFault(entry.Key) is { } fault)
            diagnostics.Error(entry.KeyPosition, fault);
        var own = _definitions.Read(entry.Value);
        // containerlab's order: a kind may come from the node, its group or the defaults; then a group from the kind.
        var kind = own.Kind ?? GroupOf(own.Group).Kind ?? GroupOf(_defaults.Group).Kind ?? _defaults.Kind;
        var kindLevel = _kinds.GetValueOrDefault(kind ?? "", NodeDefinition.Empty);
        var group = own.Group ?? kindLevel.Group ?? _defaults.Group;
        if (kind is null)
        {
            diagnostics.Error(
                entry.KeyPosition, $"node '{entry.Key}' has no kind: write 'kind: linux' here or in defaults");
        }
        if (group is not null && !_groups.ContainsKey(group))
        {
            diagnostics.Error(
                entry.KeyPosition,
                $"node '{entry.Key}' is in group {group.Quoted()}, which is not in 'groups'"
                    + Suggestion.For(group, _groups.Keys));
        }
        var merged = NodeDefinition.Merge(_defaults, kindLevel, GroupOf(group), own);
        if (merged.Image is null)
            diagnostics.Error(entry.KeyPosition, $"node '{entry.Key}' has no image");
        return merged;
    }

    private NodeDefinition GroupOf(string? group) => _groups.GetValueOrDefault(group ?? "", NodeDefinition.Empty);

    private static TopologyNode ToNode(string name, NodeDefinition definition) => new(
        name,
        ImageOf(definition.Image ?? ""),
        definition.Binds,
        definition.Command,
        definition.Exec,
        definition.Environment,
        definition.Sysctls);

    // quay.io/frrouting/frr:10.5.1 and its like. The tag does not count: host:frr-lab is not FRR.
    private static NodeImage ImageOf(string image)
    {
        var tag = image.IndexOf(':', image.LastIndexOf('/') + 1);
        var repository = tag < 0 ? image : image[..tag];
        return repository.Contains("frr", StringComparison.Ordinal) ? NodeImage.Frr : NodeImage.Host;
    }
}

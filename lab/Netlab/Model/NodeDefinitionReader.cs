using AnycastVip.StrictYaml;

namespace AnycastVip.Netlab.Model;

/// <summary>Reads one level's node definition.</summary>
/// <param name="diagnostics">Takes the findings.</param>
/// <param name="directory">Where relative bind sources start.</param>
internal sealed class NodeDefinitionReader(DiagnosticList diagnostics, string directory)
{
    private readonly ScalarType<Bind> _bind = BindReader.TypeFor(directory);

    /// <summary>Reads a definition.</summary>
    /// <param name="node">The definition; null, or YAML's null, for one that says nothing.</param>
    /// <param name="takesKind">Whether this level may name a kind: a kind itself may not.</param>
    /// <param name="takesGroup">Whether this level may name a group: a group itself may not.</param>
    public NodeDefinition Read(YamlNode? node, bool takesKind = true, bool takesGroup = true)
    {
        if (node is null or YamlScalar { IsNull: true } || MappingReader.Open(node, diagnostics) is not { } keys)
            return NodeDefinition.Empty;
        var definition = new NodeDefinition
        {
            Kind = takesKind ? Optional(keys, "kind", TopologyTypes.Kind, "linux") : null,
            Group = takesGroup ? Optional(keys, "group", TopologyTypes.Word, null) : null,
            Image = Optional(keys, "image", TopologyTypes.Word, "refused"),
            NetworkMode = Optional(keys, "network-mode", TopologyTypes.NetworkMode, "none"),
            Command = Optional(keys, "cmd", TopologyTypes.Command, null),
            Binds = List(keys, "binds", _bind),
            Exec = List(keys, "exec", TopologyTypes.Command),
            Environment = Values(keys, "env", EnvironmentFault),
            Sysctls = Values(keys, "sysctls", TopologyTypes.SysctlFault),
        };
        ContainerlabKeys.RefuseIn(keys, ContainerlabKeys.Node);
        if (!takesKind)
            keys.Refuse("kind", ContainerlabKeys.Reason);
        if (!takesGroup)
            keys.Refuse("group", ContainerlabKeys.Reason);
        keys.Finish();
        return definition;
    }

    // The stand-in for a refused value keeps one fault from looking like two; no topology comes of it.
    private static T? Optional<T>(MappingReader keys, string key, ScalarType<T> type, T? standIn)
        where T : class
    {
        if (keys.TryRead(key, type, out var value))
            return value;
        return keys.Node(key) is null ? null : standIn;
    }

    private static IReadOnlyList<T> List<T>(MappingReader keys, string key, ScalarType<T> type) =>
        [.. (keys.List(key, type) ?? []).Select(item => item.Value)];

    private Dictionary<string, string> Values(MappingReader keys, string key, Func<string, string?> nameFault)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (keys.Mapping(key) is not { } entries)
            return values;
        foreach (var entry in entries.AllEntries())
        {
            if (nameFault(entry.Key) is { } fault)
                diagnostics.Error(entry.KeyPosition, fault);
            else if (entries.TryRead(entry.Key, TopologyTypes.Text, out var value))
                values[entry.Key] = value;
        }
        return values;
    }

    private static string? EnvironmentFault(string name)
    {
        if (name == "__IMPORT_ENVS")
            return TopologyTypes.NotSupported("'__IMPORT_ENVS'");
        return name.Length == 0 || name.Contains('=', StringComparison.Ordinal)
            ? $"{name.Quoted()} cannot name an environment variable"
            : null;
    }
}

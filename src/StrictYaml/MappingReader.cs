using System.Diagnostics.CodeAnalysis;

namespace AnycastVip.StrictYaml;

/// <summary>A value with the place that it was read from.</summary>
public readonly record struct Located<T>(Position At, T Value);

/// <summary>
/// Reads one mapping into typed values. It remembers every key that it was asked for; <see cref="Finish"/> refuses all
/// others, so a key can never be accepted without effect. Faults go to the list of findings, and reading goes on.
/// </summary>
public sealed class MappingReader
{
    private readonly YamlMapping _mapping;
    private readonly DiagnosticList _diagnostics;
    private readonly MappingReader? _defaults;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);

    private MappingReader(YamlMapping mapping, DiagnosticList diagnostics, MappingReader? defaults)
    {
        _mapping = mapping;
        _diagnostics = diagnostics;
        _defaults = defaults;
    }

    /// <summary>A reader of <paramref name="node"/>; null, with a finding, when it is not a mapping.</summary>
    /// <param name="node">What should be a mapping.</param>
    /// <param name="diagnostics">Takes the findings.</param>
    /// <param name="defaults">Where keys that the mapping lacks are looked for.</param>
    public static MappingReader? Open(YamlNode node, DiagnosticList diagnostics, MappingReader? defaults = null)
    {
        if (node is YamlMapping mapping)
            return new MappingReader(mapping, diagnostics, defaults);
        RefuseKind(node, "a mapping of keys to values", diagnostics);
        return null;
    }

    /// <summary>Where the mapping starts.</summary>
    public Position Position => _mapping.Position;

    /// <summary>All entries in the order of the file, for mappings whose keys are names: all are known.</summary>
    public IReadOnlyList<YamlEntry> AllEntries()
    {
        _known.UnionWith(_mapping.Entries.Select(entry => entry.Key));
        return _mapping.Entries;
    }

    /// <summary>The value of a key, or of its default; null when neither is there.</summary>
    public YamlNode? Node(string key) => Find(key)?.Value;

    /// <summary>Where the key's value or its default stands; the mapping's own position without.</summary>
    public Position PositionOf(string key) => Find(key)?.Value.Position ?? Position;

    /// <summary>The mapping under a key; null when it is absent or no mapping.</summary>
    public MappingReader? Mapping(string key) => Node(key) is { } node ? Open(node, _diagnostics) : null;

    /// <summary>The items of a list; null when the key is absent, empty when it is not a list.</summary>
    public IReadOnlyList<YamlNode>? Sequence(string key)
    {
        if (Node(key) is not { } node)
            return null;
        if (node is YamlSequence sequence)
            return sequence.Items;
        RefuseKind(node, $"a list for '{key}'", _diagnostics);
        return [];
    }

    /// <summary>The values of a list; null when the key is absent. Items that are refused are left out.</summary>
    public IReadOnlyList<Located<T>>? List<T>(string key, ScalarType<T> type)
    {
        if (Sequence(key) is not { } items)
            return null;
        var values = new List<Located<T>>();
        foreach (var item in items)
        {
            if (TryRead(key, item, type, out var value))
                values.Add(new Located<T>(item.Position, value));
        }
        return values;
    }

    /// <summary>Reads a value if the key is there; false when it is absent or was refused.</summary>
    public bool TryRead<T>(string key, ScalarType<T> type, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        return Node(key) is { } node && TryRead(key, node, type, out value);
    }

    /// <summary>The value, or <paramref name="fallback"/> when the key is absent or was refused.</summary>
    public T Optional<T>(string key, ScalarType<T> type, T fallback) =>
        TryRead(key, type, out var value) ? value : fallback;

    /// <summary>
    /// The value of a key that must be there. When it is absent or refused there is a finding, and the result is
    /// <paramref name="standIn"/>: it keeps reading going and must never be used.
    /// </summary>
    public T Required<T>(string key, ScalarType<T> type, T standIn)
    {
        Require(key);
        return Optional(key, type, standIn);
    }

    /// <summary>Refuses the mapping when it lacks the key; true when the key is there.</summary>
    public bool Require(string key)
    {
        if (Find(key) is not null)
            return true;
        _diagnostics.Error(Position, $"the key '{key}' is missing");
        return false;
    }

    /// <summary>Refuses a key for a reason of its own, and does not suggest it for others.</summary>
    /// <param name="key">The key.</param>
    /// <param name="reason">Completes "'key' …", such as <c>is not supported yet</c>.</param>
    public void Refuse(string key, string reason)
    {
        if (Own(key) is not { } entry)
            return;
        _refused.Add(key);
        _diagnostics.Error(entry.KeyPosition, $"'{key}' {reason}");
    }

    /// <summary>Refuses all keys that nobody asked for. To be called once, after the last read.</summary>
    public void Finish()
    {
        foreach (var (key, at, _) in _mapping.Entries)
        {
            if (_known.Contains(key) || _refused.Contains(key))
                continue;
            var suggestion = Suggestion.For(key, _known.Order(StringComparer.Ordinal));
            _diagnostics.Error(at, $"unknown key {key.Quoted()}{suggestion}");
        }
    }

    private YamlEntry? Find(string key)
    {
        _known.Add(key);
        return Own(key) ?? _defaults?.Own(key);
    }

    private YamlEntry? Own(string key) => _mapping.Entries.FirstOrDefault(entry => entry.Key == key);

    private bool TryRead<T>(string key, YamlNode node, ScalarType<T> type, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        if (node is not YamlScalar { IsNull: false } scalar)
        {
            RefuseKind(node, $"a value for '{key}' ({type.Description})", _diagnostics);
            return false;
        }
        var result = type.Read(scalar);
        if (result.Refusal is not null)
            _diagnostics.Error(scalar.Position, $"{key}: {result.Refusal}");
        value = result.Value;
        return result.Refusal is null;
    }

    private static void RefuseKind(YamlNode node, string expected, DiagnosticList diagnostics)
    {
        if (node is not YamlRefused)
            diagnostics.Error(node.Position, $"expected {expected}, found {node.Kind}");
    }
}

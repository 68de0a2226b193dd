using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>What the file declares under names, and who refers to it.</summary>
/// <param name="key">The section.</param>
/// <param name="kind">What one of them is, for messages: "check".</param>
/// <param name="diagnostics">Takes the findings.</param>
internal sealed class NamedItems<T>(SectionKey key, string kind, DiagnosticList diagnostics)
    where T : class
{
    private readonly OrderedDictionary<string, T?> _items = new(StringComparer.Ordinal);
    private readonly Dictionary<string, T> _builtIn = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Position> _unused = new(StringComparer.Ordinal);

    /// <summary>What could be read, in the order of the file, then built-in items that are referred to.</summary>
    public IEnumerable<T> All => _items.Values.OfType<T>();

    /// <summary>Reads the section's items.</summary>
    /// <param name="root">The file's top level.</param>
    /// <param name="read">Makes an item from its name and its keys; null when that has no sense.</param>
    public void Read(MappingReader root, Func<string, MappingReader, T?> read)
    {
        foreach (var (name, at, value) in root.Read(key)?.AllEntries() ?? [])
        {
            if (BgpTypes.Name.Read(new YamlScalar(at, name, IsPlain: true)).Refusal is { } refusal)
                diagnostics.Error(at, $"{key.Name}: {refusal}");
            _unused[name] = at;
            _items[name] = MappingReader.Open(value, diagnostics) is { } reader ? read(name, reader) : null;
        }
    }

    /// <summary>Adds an item that needs not be written, unless the file has one of that name.</summary>
    public void AddBuiltIn(string name, T item) => _builtIn[name] = item;

    /// <summary>What a reference means; null when there is no such item, with a finding, or it is broken.</summary>
    /// <param name="name">The name referred to.</param>
    /// <param name="at">Where it stands.</param>
    /// <param name="from">The key that refers.</param>
    public T? Find(string name, Position at, Key from)
    {
        _unused.Remove(name);
        if (_builtIn.TryGetValue(name, out var builtIn))
            _items.TryAdd(name, builtIn);
        if (_items.TryGetValue(name, out var item))
            return item;
        var suggestion = Suggestion.For(name, _items.Keys.Union(_builtIn.Keys));
        diagnostics.Error(at, $"{from.Name}: no {kind} has the name {name.Quoted()}{suggestion}");
        return null;
    }

    /// <summary>Warns of each item that nothing refers to.</summary>
    public void WarnOfUnused()
    {
        foreach (var (name, at) in _unused)
            diagnostics.Warning(at, $"{key.Name}: nothing uses the {kind} {name.Quoted()}");
    }
}

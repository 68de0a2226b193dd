using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>A document as one flat list of settings, for comparing two of them.</summary>
internal static class FlatDocument
{
    /// <summary>
    /// Each value by its path: keys and names of items, with dots between them. Lists without names are one value.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Of(YamlNode document)
    {
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add("", document, settings);
        return settings;
    }

    private static void Add(string path, YamlNode node, SortedDictionary<string, string> settings)
    {
        var children = node switch
        {
            YamlMapping { Entries.Count: > 0 } mapping => mapping.Entries.Select(entry => (entry.Key, entry.Value)),
            YamlSequence { Items.Count: > 0 } list when list.Items.All(item => NameOf(item) is not null) =>
                list.Items.Select(item => (NameOf(item)!, item)),
            _ => null,
        };
        if (children is null)
            settings[path] = Text(node);
        else
        {
            foreach (var (name, child) in children)
                Add(path.Length == 0 ? name : $"{path}.{name}", child, settings);
        }
    }

    private static string? NameOf(YamlNode item) =>
        (item as YamlMapping)?.Entries.FirstOrDefault(entry => entry.Key == "name")?.Value is YamlScalar name
            ? name.Text
            : null;

    private static string Text(YamlNode node) => node switch
    {
        YamlScalar scalar => scalar.Text,
        YamlSequence list => $"[{string.Join(", ", list.Items.Select(Text))}]",
        YamlMapping mapping => $"{{{string.Join(", ", mapping.Entries.Select(Text))}}}",
        _ => "",
    };

    private static string Text(YamlEntry entry) => $"{entry.Key}: {Text(entry.Value)}";
}

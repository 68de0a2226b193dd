namespace AnycastVip.Netlab.Model;

/// <summary>
/// What one level (defaults, a kind, a group, a node) says about nodes; absent values are null or empty.
/// </summary>
internal sealed record NodeDefinition
{
    /// <summary>A level that says nothing.</summary>
    public static readonly NodeDefinition Empty = new();

    public string? Kind { get; init; }

    public string? Group { get; init; }

    public string? Image { get; init; }

    /// <summary>Null when not given; the only value taken is <c>none</c>.</summary>
    public string? NetworkMode { get; init; }

    public IReadOnlyList<string>? Command { get; init; }

    public IReadOnlyList<Bind> Binds { get; init; } = [];

    public IReadOnlyList<IReadOnlyList<string>> Exec { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Merges as containerlab does: a single value of a more specific level wins, mappings are merged by key, binds by
    /// destination, and exec lists are joined, the least specific first.
    /// </summary>
    /// <param name="levels">From the least to the most specific.</param>
    public static NodeDefinition Merge(params IReadOnlyList<NodeDefinition> levels) => new()
    {
        Kind = levels.LastOrDefault(level => level.Kind is not null)?.Kind,
        Group = levels.LastOrDefault(level => level.Group is not null)?.Group,
        Image = levels.LastOrDefault(level => level.Image is not null)?.Image,
        NetworkMode = levels.LastOrDefault(level => level.NetworkMode is not null)?.NetworkMode,
        Command = levels.LastOrDefault(level => level.Command is not null)?.Command,
        Binds = [.. MergeByKey(levels.SelectMany(level => level.Binds), bind => bind.Destination).Values],
        Exec = [.. levels.SelectMany(level => level.Exec)],
        Environment = MergeValues(levels.SelectMany(level => level.Environment)),
        Sysctls = MergeValues(levels.SelectMany(level => level.Sysctls)),
    };

    private static Dictionary<string, string> MergeValues(IEnumerable<KeyValuePair<string, string>> pairs) =>
        MergeByKey(pairs, pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Value.Value);

    // The later of two with the same key wins and takes the earlier one's place.
    private static Dictionary<string, T> MergeByKey<T>(IEnumerable<T> items, Func<T, string> key)
    {
        var merged = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var item in items)
            merged[key(item)] = item;
        return merged;
    }
}

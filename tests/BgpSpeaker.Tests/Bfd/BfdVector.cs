namespace AnycastVip.BgpSpeaker.Tests.Bfd;

/// <summary>One line of a vector.</summary>
/// <param name="Key">What is done or expected.</param>
/// <param name="Value">The rest of the line.</param>
public sealed record BfdStep(string Key, string Value);

/// <summary>One vector of the files under <c>vectors/bfd</c>; its README says what the lines mean.</summary>
public sealed record BfdVector(string Row, string Title, IReadOnlyDictionary<string, string> Definitions)
{
    public string Path { get; init; } = "single-hop";
    public string Settings { get; init; } = "";
    public string Given { get; init; } = "up";
    public IReadOnlyList<BfdStep> Steps { get; init; } = [];

    public string Name => $"{Row}: {Title}";
}

/// <summary>Reads the BFD vectors beside the test assembly.</summary>
public static class BfdVectorFiles
{
    private static readonly Lazy<BfdVector[]> Read = new(() =>
        [.. Directory.GetFiles(Folder, "*.txt").Where(path => Path.GetFileName(path) != "ROWS.txt").Order()
            .SelectMany(path => Parse(LinesOf(path)))]);

    public static IReadOnlyList<BfdVector> All => Read.Value;

    public static IReadOnlyList<string> Rows =>
        [.. LinesOf(Path.Combine(Folder, "ROWS.txt")).Select(line => line.Split(' ')[0])];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "vectors", "bfd");

    private static IEnumerable<string> LinesOf(string path) =>
        File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#');

    private static List<BfdVector> Parse(IEnumerable<string> lines)
    {
        var definitions = new Dictionary<string, string>();
        var vectors = new List<BfdVector>();
        foreach (var line in lines)
        {
            if (line[0] == '[')
            {
                var (row, title) = Split(line[1..], ']');
                vectors.Add(new(row, title, definitions));
                continue;
            }
            var (key, value) = Split(line, ':');
            if (key == "define")
            {
                var (name, definition) = Split(value, '=');
                definitions.Add(name, definition);
                continue;
            }
            vectors[^1] = With(vectors[^1], key, value);
        }
        return vectors;
    }

    private static BfdVector With(BfdVector vector, string key, string value) => key switch
    {
        "path" => vector with { Path = value },
        "settings" => vector with { Settings = value },
        "given" => vector with { Given = value },
        _ => vector with { Steps = [.. vector.Steps, new BfdStep(key, value)] },
    };

    private static (string Left, string Right) Split(string text, char separator)
    {
        var index = text.IndexOf(separator, StringComparison.Ordinal);
        return index < 0
            ? throw new FormatException($"No '{separator}' in: {text}")
            : (text[..index].Trim(), text[(index + 1)..].Trim());
    }
}

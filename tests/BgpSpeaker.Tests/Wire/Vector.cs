using System.Globalization;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

/// <summary>One vector of the files under <c>vectors</c>; its README says what the fields mean.</summary>
public sealed record Vector
{
    public required string Row { get; init; }
    public required string Title { get; init; }
    public string Layer { get; init; } = "";
    public string State { get; init; } = "established";
    public IReadOnlySet<string> Session { get; init; } = new HashSet<string>();
    public byte[] Bytes { get; init; } = [];

    /// <summary>The first word of the expectation: established, closed or notification.</summary>
    public string Reaction { get; init; } = "";
    public byte Code { get; init; }
    public byte Subcode { get; init; }

    /// <summary>Null: not judged.</summary>
    public byte[]? Data { get; init; }
    public IReadOnlySet<string> Facts { get; init; } = new HashSet<string>();

    public string Name => $"{Row}: {Title}";

    public int MaximumLength => Session.Contains("extended") ? MessageSize.ExtendedMaximum : MessageSize.Maximum;

    public UpdateContext Context => new()
    {
        FourOctetAs = !Session.Contains("two-octet"),
        IsExternal = !Session.Contains("ibgp"),
        LocalAs = 65001,
        IPv4Unicast = true,
        IPv6Unicast = !Session.Contains("ipv4-only"),
        AddPathIPv4 = HasAddPath,
        AddPathIPv6 = HasAddPath,
        Role = Role,
        PeerAs = Session.Contains("ibgp") ? 65001u : 65002u,
        ExtendedNextHop = Session.Contains("extended-next-hop"),
    };

    public bool HasAddPath => Session.Contains("add-path");

    public BgpRole? Role =>
        Option("role=") is { } name ? BgpRoles.Named.Single(named => named.Name == name).Role : null;

    private string? Option(string start) =>
        Session.FirstOrDefault(word => word.StartsWith(start, StringComparison.Ordinal))?[start.Length..];
}

/// <summary>Reads the vector files beside the test assembly.</summary>
public static class VectorFiles
{
    private static readonly Lazy<Vector[]> Read = new(() =>
        [.. Directory.GetFiles(Folder, "*.txt").Where(path => Path.GetFileName(path) != "ROWS.txt").Order()
            .SelectMany(path => Parse(File.ReadAllLines(path)))]);

    /// <summary>All vectors of all files.</summary>
    public static IReadOnlyList<Vector> All => Read.Value;

    /// <summary>The ids of ROWS.txt.</summary>
    public static IReadOnlyList<string> Rows =>
        [.. File.ReadAllLines(Path.Combine(Folder, "ROWS.txt")).Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ')[0])];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "vectors");

    /// <summary>Reads one file.</summary>
    /// <exception cref="FormatException">A line that the format does not have.</exception>
    public static IReadOnlyList<Vector> Parse(IEnumerable<string> lines)
    {
        var definitions = new Dictionary<string, byte[]>();
        var hex = new VectorHex(definitions);
        var vectors = new List<Vector>();
        foreach (var line in lines.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (line[0] == '[')
            {
                var close = line.IndexOf(']', StringComparison.Ordinal);
                vectors.Add(new() { Row = line[1..close], Title = line[(close + 1)..].Trim() });
                continue;
            }
            var (key, value) = Split(line, ':');
            if (key == "define")
            {
                var (name, definition) = Split(value, '=');
                definitions.Add(name, hex.Parse(definition));
                continue;
            }
            vectors[^1] = With(vectors[^1], key, value, hex);
        }
        return vectors;
    }

    private static Vector With(Vector vector, string key, string value, VectorHex hex) => key switch
    {
        "layer" => vector with { Layer = value },
        "state" => vector with { State = value },
        "session" => vector with { Session = value.Split(' ').ToHashSet() },
        "hex" => vector with { Bytes = [.. vector.Bytes, .. hex.Parse(value)] },
        "data" => vector with { Data = value == "none" ? [] : hex.Parse(value) },
        "expect" => Expect(vector, value.Split(' ')),
        _ => throw new FormatException($"{vector.Name}: no key '{key}'"),
    };

    private static Vector Expect(Vector vector, string[] words)
    {
        if (words is not ["notification", var number])
            return vector with { Reaction = words[0], Facts = words[1..].ToHashSet() };
        var (code, subcode) = Split(number, '/');
        return vector with
        {
            Reaction = words[0],
            Code = byte.Parse(code, CultureInfo.InvariantCulture),
            Subcode = byte.Parse(subcode, CultureInfo.InvariantCulture),
        };
    }

    private static (string Left, string Right) Split(string text, char separator)
    {
        var index = text.IndexOf(separator, StringComparison.Ordinal);
        return index < 0
            ? throw new FormatException($"No '{separator}' in: {text}")
            : (text[..index].Trim(), text[(index + 1)..].Trim());
    }
}

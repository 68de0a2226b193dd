using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>
/// One key of the configuration file. The reader reads through it, and the reference and the JSON Schema are written
/// from it, so that none of the three can differ from the others.
/// </summary>
/// <param name="Name">As in the file.</param>
/// <param name="Meaning">What it does, for people; Markdown.</param>
internal abstract record Key(string Name, string Meaning)
{
    /// <summary>True when the key must be there.</summary>
    public bool IsRequired { get; init; }

    /// <summary>What applies without the key, in words; null when <see cref="DefaultText"/> or nothing does.</summary>
    public string? Otherwise { get; init; }

    /// <summary>The default as it would be written in the file; null when there is none.</summary>
    public virtual string? DefaultText => null;

    /// <summary>What the value may be, for people.</summary>
    public abstract string TypeDescription { get; }

    /// <summary>What the value may be, as a JSON Schema object.</summary>
    public abstract string JsonSchema { get; }
}

/// <summary>A key with a single value.</summary>
internal sealed record Key<T>(string Name, ScalarType<T> Type, string Meaning) : Key(Name, Meaning)
{
    /// <summary>The value of a missing key as it would be written in the file; null when there is none.</summary>
    public string? Default { get; init; }

    /// <inheritdoc/>
    public override string? DefaultText => Default;

    /// <inheritdoc/>
    public override string TypeDescription => Type.Description;

    /// <inheritdoc/>
    public override string JsonSchema => Type.JsonSchema;
}

/// <summary>A key with a list of single values.</summary>
internal sealed record ListKey<T>(string Name, ScalarType<T> Type, string Meaning) : Key(Name, Meaning)
{
    /// <summary>The values of a missing key as they would be written in the file; null when there are none.</summary>
    public IReadOnlyList<string>? Default { get; init; }

    /// <summary>The most values that the list may have; null: as many as there are.</summary>
    public int? Maximum { get; init; }

    /// <inheritdoc/>
    public override string? DefaultText => Default is null ? null : $"[{string.Join(", ", Default)}]";

    /// <inheritdoc/>
    public override string TypeDescription =>
        Maximum is { } most ? $"list of at most {most}: {Type.Description}" : $"list of {Type.Description}";

    /// <inheritdoc/>
    public override string JsonSchema => Maximum is { } most
        ? $$"""{"type":"array","maxItems":{{most}},"items":{{Type.JsonSchema}}}"""
        : $$"""{"type":"array","items":{{Type.JsonSchema}}}""";
}

/// <summary>How a section's mappings stand under its key.</summary>
internal enum SectionShape
{
    /// <summary>One mapping.</summary>
    Mapping,

    /// <summary>A list of mappings.</summary>
    List,

    /// <summary>A mapping of names to mappings.</summary>
    Named,
}

/// <summary>A key with mappings of one kind.</summary>
internal sealed record SectionKey(string Name, Section Section, SectionShape Shape, string Meaning) : Key(Name, Meaning)
{
    /// <summary>The single value that may stand instead of the mapping; null: none.</summary>
    public ScalarType<string>? Short { get; init; }

    /// <inheritdoc/>
    public override string TypeDescription => Shape switch
    {
        SectionShape.Mapping when Short is { } type => $"{type.Description}; or mapping",
        SectionShape.Mapping => "mapping",
        SectionShape.List => "list of mappings",
        _ => "mapping of names to mappings",
    };

    /// <inheritdoc/>
    public override string JsonSchema => Shape switch
    {
        SectionShape.Mapping when Short is { } type =>
            $$"""{"anyOf":[{{type.JsonSchema}},{{Section.JsonSchema}}]}""",
        SectionShape.Mapping => Section.JsonSchema,
        SectionShape.List => $$"""{"type":"array","items":{{Section.JsonSchema}}}""",
        _ => "{\"type\":\"object\","
            + $"\"propertyNames\":{BgpTypes.Name.JsonSchema},\"additionalProperties\":{Section.JsonSchema}}}",
    };
}

/// <summary>What one mapping may hold.</summary>
/// <param name="Keys">The keys that are read.</param>
/// <param name="NotYet">Keys that are planned: they are refused as "not supported yet".</param>
internal sealed record Section(IReadOnlyList<Key> Keys, IReadOnlyList<string> NotYet)
{
    /// <summary>The mapping as a JSON Schema object: no key but these.</summary>
    public string JsonSchema
    {
        get
        {
            var properties = string.Join(",", Keys.Select(key => $"\"{key.Name}\":{key.JsonSchema}"));
            var required = string.Join(",", Keys.Where(key => key.IsRequired).Select(key => $"\"{key.Name}\""));
            return "{\"type\":\"object\",\"additionalProperties\":false,"
                + $"\"required\":[{required}],\"properties\":{{{properties}}}}}";
        }
    }
}

/// <summary>Reads keys of the table.</summary>
internal static class KeyReading
{
    /// <summary>The value; without it the key's default, or <paramref name="standIn"/> after a finding.</summary>
    public static T Read<T>(this MappingReader reader, Key<T> key, T standIn)
    {
        if (key.IsRequired)
            reader.Require(key.Name);
        var fallback = key.Default is null ? standIn : Parse(key.Type, key.Default);
        return reader.Optional(key.Name, key.Type, fallback);
    }

    /// <summary>The value, or null without it.</summary>
    public static T? ReadOrNull<T>(this MappingReader reader, Key<T> key)
        where T : class => reader.TryRead(key.Name, key.Type, out var value) ? value : null;

    /// <summary>The value, or null without it.</summary>
    public static T? ReadNullable<T>(this MappingReader reader, Key<T> key)
        where T : struct => reader.TryRead(key.Name, key.Type, out var value) ? value : null;

    /// <summary>The list's values with their positions; without the key those of its default, if it has one.</summary>
    public static IReadOnlyList<Located<T>> Read<T>(this MappingReader reader, ListKey<T> key) =>
        reader.List(key.Name, key.Type)
        ?? [.. (key.Default ?? []).Select(text => new Located<T>(reader.Position, Parse(key.Type, text)))];

    /// <summary>As <see cref="Read{T}(MappingReader, ListKey{T})"/>, with a finding for each value too many.</summary>
    public static IReadOnlyList<Located<T>> ReadDistinct<T>(
        this MappingReader reader, ListKey<T> key, DiagnosticList diagnostics)
        where T : notnull
    {
        var items = reader.Read(key);
        var values = new HashSet<T>();
        foreach (var (index, (at, value)) in items.Index())
        {
            if (!values.Add(value))
                diagnostics.Error(at, $"{key.Name}: listed twice");
            if (index == key.Maximum)
                diagnostics.Error(at, $"{key.Name}: more than {key.Maximum}");
        }
        return items;
    }

    /// <summary>The values without their positions.</summary>
    public static ValueList<T> Values<T>(this IEnumerable<Located<T>> items) =>
        items.Select(item => item.Value).ToValueList();

    /// <summary>The mapping under a key; null when there is none.</summary>
    public static MappingReader? Read(this MappingReader reader, SectionKey key) => reader.Mapping(key.Name);

    /// <summary>The mapping under a key; without one an empty mapping, so that all of its defaults apply.</summary>
    public static MappingReader ReadOrEmpty(this MappingReader reader, SectionKey key, DiagnosticList diagnostics) =>
        reader.Read(key) ?? MappingReader.Open(new YamlMapping(reader.Position, []), diagnostics)!;

    /// <summary>Adds an error where the key's value stands.</summary>
    public static void Error(this DiagnosticList diagnostics, MappingReader reader, Key key, string message) =>
        diagnostics.Error(reader.PositionOf(key.Name), $"{key.Name}: {message}");

    /// <summary>Refuses what the section does not have. To be called after the section's last key is read.</summary>
    public static void Finish(this MappingReader reader, Section section)
    {
        foreach (var name in section.NotYet)
            reader.Refuse(name, "is not supported yet");
        reader.Finish();
    }

    private static T Parse<T>(ScalarType<T> type, string text)
    {
        var result = type.Read(new YamlScalar(Position.Start, text, IsPlain: true));
        return result.Refusal is null
            ? result.Value
            : throw new InvalidOperationException($"the default {text} is not valid: {result.Refusal}");
    }
}

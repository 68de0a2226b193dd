namespace AnycastVip.StrictYaml;

/// <summary>One node of a document.</summary>
/// <param name="Position">Where the node starts.</param>
public abstract record YamlNode(Position Position)
{
    /// <summary>What the node is, for messages: "a mapping", "a list", "a value", "nothing".</summary>
    public abstract string Kind { get; }
}

/// <summary>A single value.</summary>
/// <param name="Position">Where the value starts, its opening quote included.</param>
/// <param name="Text">The text after quotes and escapes are resolved.</param>
/// <param name="IsPlain">True when it is written without quotes and not as a block.</param>
public sealed record YamlScalar(Position Position, string Text, bool IsPlain) : YamlNode(Position)
{
    /// <summary>True for null as YAML writes it: nothing at all, <c>~</c> or <c>null</c>, without quotes.</summary>
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";

    /// <inheritdoc/>
    public override string Kind => IsNull ? "nothing" : "a value";
}

/// <summary>A list of nodes.</summary>
/// <param name="Position">Where the list starts: its bracket or its first dash.</param>
/// <param name="Items">The nodes in order.</param>
public sealed record YamlSequence(Position Position, IReadOnlyList<YamlNode> Items) : YamlNode(Position)
{
    /// <inheritdoc/>
    public override string Kind => "a list";
}

/// <summary>Keys with values; every key occurs once.</summary>
/// <param name="Position">Where the mapping starts: its brace or its first key.</param>
/// <param name="Entries">The entries in the order of the file.</param>
public sealed record YamlMapping(Position Position, IReadOnlyList<YamlEntry> Entries) : YamlNode(Position)
{
    /// <inheritdoc/>
    public override string Kind => "a mapping";
}

/// <summary>One key with its value.</summary>
/// <param name="Key">The key's text.</param>
/// <param name="KeyPosition">Where the key starts.</param>
/// <param name="Value">The value; a null scalar when there is none.</param>
public sealed record YamlEntry(string Key, Position KeyPosition, YamlNode Value);

/// <summary>Stands for a value that has already been refused: readers pass over it in silence.</summary>
/// <param name="Position">Where the value starts.</param>
public sealed record YamlRefused(Position Position) : YamlNode(Position)
{
    /// <inheritdoc/>
    public override string Kind => "a refused value";
}

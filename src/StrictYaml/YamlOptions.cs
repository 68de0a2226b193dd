namespace AnycastVip.StrictYaml;

/// <summary>What a document may use. The default is strict.</summary>
public sealed record YamlOptions
{
    /// <summary>Take anchors and aliases; an alias then stands for the same node as its anchor.</summary>
    public bool AllowAnchors { get; init; }

    /// <summary>Take <c>yes</c>, <c>no</c>, <c>on</c> and <c>off</c> without quotes, as text.</summary>
    public bool AllowYaml11Booleans { get; init; }

    /// <summary>How deep mappings and lists may nest.</summary>
    public int MaximumDepth { get; init; } = 32;

    /// <summary>How many nodes a document may have, each alias counted as all that it stands for.</summary>
    public int MaximumNodes { get; init; } = 100_000;

    /// <summary>How long a document may be, in octets.</summary>
    public int MaximumOctets { get; init; } = 1024 * 1024;
}

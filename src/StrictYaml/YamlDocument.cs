namespace AnycastVip.StrictYaml;

/// <summary>Reads YAML into nodes that know their positions.</summary>
public static class YamlDocument
{
    /// <summary>
    /// Reads one document. Whatever the octets are, nothing is thrown: each fault becomes a finding with its position.
    /// </summary>
    /// <param name="octets">The file's content, UTF-8.</param>
    /// <param name="options">What the document may use.</param>
    /// <param name="diagnostics">Takes the findings.</param>
    /// <returns>The root; null when the text is no YAML, so that nothing behind the fault can be judged.</returns>
    public static YamlNode? Parse(ReadOnlySpan<byte> octets, YamlOptions options, DiagnosticList diagnostics) =>
        SourceText.Decode(octets, options, diagnostics) is { } text
            ? new TreeBuilder(text, options, diagnostics).Build()
            : null;
}

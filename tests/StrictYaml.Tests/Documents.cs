using System.Text;

namespace AnycastVip.StrictYaml.Tests;

/// <summary>Parses text in tests.</summary>
internal static class Documents
{
    public static YamlNode? Parse(string text, out string[] findings, YamlOptions? options = null)
    {
        var diagnostics = new DiagnosticList("f");
        var root = YamlDocument.Parse(Encoding.UTF8.GetBytes(text), options ?? new YamlOptions(), diagnostics);
        findings = [.. diagnostics.ToSortedList().Select(finding => finding.ToString())];
        return root;
    }

    /// <summary>A reader of a document that must be a mapping, with the list that takes its findings.</summary>
    public static MappingReader Open(string text, out DiagnosticList diagnostics)
    {
        diagnostics = new DiagnosticList("f");
        var root = YamlDocument.Parse(Encoding.UTF8.GetBytes(text), new YamlOptions(), diagnostics);
        return MappingReader.Open(root!, diagnostics)!;
    }

    public static string[] Texts(this DiagnosticList diagnostics) =>
        [.. diagnostics.ToSortedList().Select(finding => finding.ToString())];
}

using AnycastVip.StrictYaml;

namespace AnycastVip.Netlab.Model;

/// <summary>A topology, or why there is none.</summary>
/// <param name="Topology">Null when there are errors.</param>
/// <param name="Diagnostics">All findings in the order of the file.</param>
public sealed record TopologyLoadResult(Topology? Topology, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>Reads containerlab's topology files.</summary>
public static class TopologyFile
{
    // containerlab's users write anchors to avoid repetition; strictness is for everything else.
    private static readonly YamlOptions Options = new() { AllowAnchors = true };

    /// <summary>
    /// Reads a file. Each fault is a finding with file, line and column; what containerlab has but netlab has not is
    /// refused by name, since a lab that silently lacks something proves nothing.
    /// </summary>
    /// <param name="path">The file; relative paths in it start at its directory.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read.</exception>
    public static TopologyLoadResult Load(string path)
    {
        var diagnostics = new DiagnosticList(path);
        var root = YamlDocument.Parse(File.ReadAllBytes(path), Options, diagnostics);
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var topology = root is null ? null : new TopologyReader(diagnostics, directory).Read(root);
        return new TopologyLoadResult(diagnostics.HasErrors ? null : topology, diagnostics.ToSortedList());
    }
}

using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>A file that was read: the configuration, unless there is an error, and all findings.</summary>
/// <param name="Configuration">Null when there is an error among the findings.</param>
/// <param name="Diagnostics">Errors and warnings in the order of the file.</param>
public sealed record ConfigurationResult(NodeConfiguration? Configuration, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>Loads the node's configuration file.</summary>
public static class ConfigurationFile
{
    /// <summary>
    /// Reads the file and the password files that it names. Throws nothing for what may be wrong with a file: that is
    /// in the findings, all at once.
    /// </summary>
    /// <param name="path">The file; also its name in findings.</param>
    public static ConfigurationResult Load(string path)
    {
        var diagnostics = new DiagnosticList(path);
        var options = new YamlOptions();
        NodeConfiguration? configuration = null;
        try
        {
            var octets = BoundedFile.Read(path, options.MaximumOctets + 1);
            var directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
            if (YamlDocument.Parse(octets, options, diagnostics) is { } root)
                configuration = new NodeConfigurationReader(diagnostics, new PasswordFileReader(directory)).Read(root);
        }
        catch (Exception exception) when (BoundedFile.IsFault(exception))
        {
            diagnostics.Error(Position.Start, $"cannot read the file: {BoundedFile.Explain(exception)}");
        }
        return new(diagnostics.HasErrors ? null : configuration, diagnostics.ToSortedList());
    }
}

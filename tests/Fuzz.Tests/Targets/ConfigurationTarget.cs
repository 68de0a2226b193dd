using AnycastVip.StrictYaml;
using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>The configuration file: any octets are read, or refused with a place in the file.</summary>
internal sealed class ConfigurationTarget : FuzzTarget
{
    // No such folder: keys are not read, and what is said about them is a finding too.
    private static readonly PasswordFileReader Passwords = new("/nonexistent");
    private static readonly YamlOptions Options = new() { MaximumNodes = 5000 };

    public override string Name => "configuration";

    public override int Share => 2;

    public override long AllocationBound(int inputLength) => 16 * 1024 * 1024 + (4096L * inputLength);

    public override IEnumerable<byte[]> Seeds() => Directory
        .EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "configs"), "*.yaml", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal)
        .Select(File.ReadAllBytes)
        .Where(octets => octets.Length < 3000);

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var diagnostics = new DiagnosticList("fuzz.yaml");
        var root = YamlDocument.Parse(input, Options, diagnostics);
        PromiseBroken.Unless(root is not null || diagnostics.HasErrors, "a document, or an error");
        var configuration = root is null ? null : new NodeConfigurationReader(diagnostics, Passwords).Read(root);
        PromiseBroken.Unless(configuration is not null || diagnostics.HasErrors, "a configuration, or an error");
        var signature = new Signature();
        signature.Add(root is null ? 0 : 1);
        foreach (var finding in diagnostics.ToSortedList())
        {
            PromiseBroken.Unless(finding is { Line: > 0, Column: > 0 }, "a finding has a place");
            PromiseBroken.Unless(!finding.Message.Any(char.IsControl), "a finding is printable");
            signature.Add(string.GetHashCode(finding.Message.AsSpan(0, Math.Min(20, finding.Message.Length)), Ordinal));
        }
        return signature.Value;
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;
}

using System.Text.RegularExpressions;
using AnycastVip.StrictYaml;

namespace AnycastVip.Netlab.Model;

/// <summary>What the single values of a topology file may be.</summary>
internal static partial class TopologyTypes
{
    /// <summary>Any text, also the empty one.</summary>
    public static readonly ScalarType<string> Text = Of<string>("text", text => text);

    /// <summary>Any text but the empty one.</summary>
    public static readonly ScalarType<string> Word =
        Of<string>("text", text => text.Length > 0 ? text : new Refused("must not be empty"));

    /// <summary>The name of a lab or a node, or a lab's prefix.</summary>
    public static readonly ScalarType<string> Name =
        Of<string>("name", text => NameFault(text) is { } fault ? new Refused(fault) : text);

    /// <summary>A prefix: a name, or one of containerlab's two special values.</summary>
    public static readonly ScalarType<string> Prefix = new(
        Name.Description,
        Name.JsonSchema,
        scalar => scalar.Text is "" or "__lab-name" ? scalar.Text : Name.Read(scalar));

    /// <summary>A node's kind.</summary>
    public static readonly ScalarType<string> Kind = Only("kind", "linux");

    /// <summary>
    /// A node's network mode. Nodes never have a management network here; <c>none</c> says the same to containerlab.
    /// </summary>
    public static readonly ScalarType<string> NetworkMode = Only("network mode", "none");

    /// <summary>A link's type.</summary>
    public static readonly ScalarType<string> LinkType = Only("link type", "veth");

    /// <summary>A command line, split into its arguments.</summary>
    public static readonly ScalarType<IReadOnlyList<string>> Command = Of<IReadOnlyList<string>>("command", text =>
    {
        var (arguments, error) = CommandLine.Split(text);
        return arguments is null ? new Refused(error!) : new ScalarResult<IReadOnlyList<string>>(arguments, null);
    });

    /// <summary>Why a text is not the name of a lab or a node; null when it is.</summary>
    public static string? NameFault(string name) => NamePattern().IsMatch(name)
        ? null
        : $"{name.Quoted()} is no name: 1 to 63 letters, digits, '-', '_' and '.', a letter or digit first";

    /// <summary>Why a text is not the name of a kernel parameter that a lab may set; null when it is.</summary>
    public static string? SysctlFault(string name) =>
        // Anything else belongs to the whole machine: a lab must not change it.
        name.StartsWith("net.", StringComparison.Ordinal) && name.IndexOf('/') < 0
            ? null
            : NotSupported($"kernel parameter {name.Quoted()}", "only those under 'net.' are");

    /// <summary>A type read from a text in which no environment variable is named.</summary>
    public static ScalarType<T> Of<T>(string description, Func<string, ScalarResult<T>> read) => new(
        description,
        """{"type":"string"}""",
        // containerlab replaces these from its own environment before it reads the file.
        scalar => EnvironmentVariable().Match(scalar.Text) is { Success: true } variable
            ? new Refused(NotSupported($"the environment variable {variable.Value.Quoted()} in the file"))
            : read(scalar.Text));

    /// <summary>The one form of message for what containerlab has and netlab has not.</summary>
    /// <param name="what">What it is.</param>
    /// <param name="hint">What helps; null when nothing does.</param>
    public static string NotSupported(string what, string? hint = null) =>
        $"{what} {ContainerlabKeys.Reason}{(hint is null ? "" : $" ({hint})")}";

    private static ScalarType<string> Only(string what, string value) => Of<string>(what, text => text == value
        ? text
        : new Refused(NotSupported($"{what} {text.Quoted()}", $"only '{value}' is")));

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\$(\{[^}]*\}?|[A-Za-z_][A-Za-z0-9_]*)")]
    private static partial Regex EnvironmentVariable();
}

using System.Text;
using System.Text.RegularExpressions;

namespace AnycastVip.Repo.Tests;

/// <summary>What keeps the APIs of proto/ readable, and open to change.</summary>
internal static partial class ProtoRules
{
    /// <summary>A field that is not sent reads as 0: that must not mean any of the real values.</summary>
    public static IEnumerable<Breach> EnumsWithoutUnspecified(IEnumerable<SourceFile> files) =>
        from definition in Definitions(files)
        where definition.Kind == "enum"
        let wanted = $"{UpperSnakeCase(definition.Name)}_UNSPECIFIED = 0;"
        let first = definition.Body.FirstOrDefault(line => !line.StartsWith("//", Ordinal))
        where first != wanted
        select definition.Breach($"enum {definition.Name} does not begin with {wanted}");

    /// <summary>The files of a package share one namespace, also in the generated code.</summary>
    public static IEnumerable<Breach> NamesUsedTwice(IEnumerable<SourceFile> files) =>
        from definition in Definitions(files)
        where definition.IsTopLevel
        group definition by (definition.Package, definition.Name) into sameName
        from again in sameName.Skip(1)
        select again.Breach($"{again.Name} is defined in {sameName.First().Path} too");

    /// <summary>
    /// Services, methods and messages say what they are. What a method takes and gives (METHODRequest, METHODResponse)
    /// is said by the method.
    /// </summary>
    public static IEnumerable<Breach> WithoutComment(IEnumerable<SourceFile> files)
    {
        var definitions = Definitions(files).ToList();
        var methods = definitions.Where(definition => definition.Kind == "rpc").ToList();
        var explained = methods
            .SelectMany(method => new[] { $"{method.Name}Request", $"{method.Name}Response" })
            .ToHashSet();
        return
            from definition in definitions
            where definition.Kind != "enum" && !definition.HasComment
                && !(definition.Kind == "message" && explained.Contains(definition.Name))
            select definition.Breach($"{definition.Kind} {definition.Name} has no comment in front");
    }

    private static IEnumerable<Definition> Definitions(IEnumerable<SourceFile> files)
    {
        foreach (var file in files.Where(file => file.Path.EndsWith(".proto", Ordinal)))
        {
            var package = PackageStatement().Match(file.Text).Groups[1].Value;
            var lines = file.Lines.Select(line => line.Text).ToList();
            for (var i = 0; i < lines.Count; i++)
            {
                if (DefinitionStart().Match(lines[i]) is not { Success: true } start)
                    continue;
                var (kind, name) = (start.Groups[1].Value, start.Groups[2].Value);
                var hasComment = i > 0 && lines[i - 1].TrimStart().StartsWith("//", Ordinal);
                var body = lines.Skip(i + 1).Select(line => line.Trim());
                yield return new(file.Path, i + 1, package, kind, name, hasComment, body)
                {
                    IsTopLevel = !char.IsWhiteSpace(lines[i][0]),
                };
            }
        }
    }

    private static string UpperSnakeCase(string name)
    {
        var snake = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsAsciiLetterUpper(letter) && snake.Length > 0)
                snake.Append('_');
            snake.Append(char.ToUpperInvariant(letter));
        }
        return snake.ToString();
    }

    [GeneratedRegex(@"^package ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex PackageStatement();

    [GeneratedRegex(@"^\s*(service|rpc|message|enum) (\w+)")]
    private static partial Regex DefinitionStart();

    private sealed record Definition(
        string Path, int Line, string Package, string Kind, string Name, bool HasComment, IEnumerable<string> Body)
    {
        public bool IsTopLevel { get; init; }

        public Breach Breach(string text) => new(Path, Line, text);
    }
}

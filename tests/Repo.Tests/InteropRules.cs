using System.Text.RegularExpressions;

namespace AnycastVip.Repo.Tests;

/// <summary>The page that says which test shows what (<c>docs/interop.md</c>).</summary>
internal static partial class InteropRules
{
    public const string Page = "docs/interop.md";

    /// <summary>Names of tests, longer than any other name in the page, that no lab test has.</summary>
    public static IEnumerable<Breach> UnknownTests(IReadOnlyCollection<SourceFile> files)
    {
        var tests = files
            .Where(file => file.IsCSharp && file.IsUnder("tests/Lab.Tests/"))
            .SelectMany(file => Method().Matches(file.Text))
            .Select(match => match.Groups[1].Value)
            .ToHashSet();
        return from file in files
               where file.Path == Page
               from line in file.Lines
               from Match named in TestName().Matches(line.Text)
               where !tests.Contains(named.Groups[1].Value)
               select new Breach(file.Path, line.Number, $"there is no test {named.Groups[1].Value}");
    }

    [GeneratedRegex(@"public async Task ([A-Z]\w+)\(")]
    private static partial Regex Method();

    [GeneratedRegex(@"`([A-Z]\w*_\w*_\w+)`")]
    private static partial Regex TestName();
}

using System.Text.RegularExpressions;

namespace AnycastVip.Repo.Tests;

/// <summary>What no file may say, and which files there must be.</summary>
internal static partial class TextRules
{
    public static readonly string[] RequiredFiles =
    [
        "README.md", "ARCHITECTURE.md", "LICENSE", "docs/RFC.md", "tests/run", ".ci/run",
    ];

    /// <summary>Work that was put off belongs in an issue, not in the code.</summary>
    public static IEnumerable<Breach> PutOffWork(IEnumerable<SourceFile> files) => Matches(files, PutOffWorkMark());

    /// <summary>The directories of one machine mean nothing on another.</summary>
    public static IEnumerable<Breach> MachinePaths(IEnumerable<SourceFile> files) => Matches(files, MachinePath());

    public static IEnumerable<Breach> MissingFiles(IEnumerable<SourceFile> files) =>
        RequiredFiles.Except(files.Select(file => file.Path)).Select(path => new Breach(path, 1, "is missing"));

    public static IEnumerable<Breach> ScriptsThatCannotRun(
        IEnumerable<SourceFile> files, Func<string, bool> isExecutable) =>
        from file in files
        where file.Text.StartsWith("#!", Ordinal) && !isExecutable(file.Path)
        select new Breach(file.Path, 1, "has a #! line but not the executable bit");

    private static IEnumerable<Breach> Matches(IEnumerable<SourceFile> files, Regex pattern) =>
        from file in files
        from line in file.Lines
        where pattern.IsMatch(line.Text)
        select new Breach(file.Path, line.Number, line.Text.Trim());

    // One letter in brackets keeps the patterns from finding themselves.
    [GeneratedRegex(@"\b(TO[D]O|FIX[M]E|HA[C]K)\b")]
    private static partial Regex PutOffWorkMark();

    [GeneratedRegex("(^|[^A-Za-z0-9.])/(wor[k]|far[m])/")]
    private static partial Regex MachinePath();
}

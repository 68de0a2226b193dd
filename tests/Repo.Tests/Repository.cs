using System.Diagnostics;

namespace AnycastVip.Repo.Tests;

/// <summary>The clone that these tests were built from.</summary>
internal static class Repository
{
    private static readonly Lazy<IReadOnlyList<SourceFile>> LazyFiles = new(ReadFiles);

    /// <summary>The clone's root directory.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every text file that git tracks, or would track when added.</summary>
    public static IReadOnlyList<SourceFile> Files => LazyFiles.Value;

    /// <summary>All C# of the clone, ready to be analysed as one program.</summary>
    public static SourceSet CSharp { get; } = new(() => Files.Where(file => file.Path.EndsWith(".cs", Ordinal)));

    /// <summary>True when the file at <paramref name="path"/> may be executed by its owner.</summary>
    public static bool IsExecutable(string path) =>
        !OperatingSystem.IsWindows()
        && File.GetUnixFileMode(Path.Combine(Root, path)).HasFlag(UnixFileMode.UserExecute);

    private static string FindRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "AnycastVip.sln")))
        {
            directory = Path.GetDirectoryName(directory)
                ?? throw new InvalidOperationException("No directory above the test assembly holds AnycastVip.sln.");
        }
        return directory;
    }

    private static List<SourceFile> ReadFiles()
    {
        // The clone may belong to another user than the one who runs the tests: safe.directory.
        var start = new ProcessStartInfo("git")
        {
            ArgumentList =
            {
                "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
            },
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        };
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start.");
        var paths = git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        if (git.ExitCode != 0)
            throw new InvalidOperationException($"git ls-files failed in {Root}: these tests need a clone.");
        return
        [
            .. from path in paths.Distinct().Order(StringComparer.Ordinal)
               let full = Path.Combine(Root, path)
               where File.Exists(full)
               let text = File.ReadAllText(full)
               where !text.Contains('\0', Ordinal)
               select new SourceFile(path, text),
        ];
    }
}

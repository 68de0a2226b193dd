namespace AnycastVip.Repo.Tests;

/// <summary>A text file, by its path from the root of the clone with forward slashes.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    public bool IsCSharp => Path.EndsWith(".cs", Ordinal);

    public bool IsScript => Text.StartsWith("#!", Ordinal) || Path.EndsWith(".sh", Ordinal);

    public bool IsProject => Path.EndsWith(".csproj", Ordinal);

    public IEnumerable<(int Number, string Text)> Lines =>
        Text.TrimEnd('\n').Split('\n').Select((line, index) => (index + 1, line.TrimEnd('\r')));

    public bool IsUnder(params ReadOnlySpan<string> folders)
    {
        foreach (var folder in folders)
        {
            if (Path.StartsWith(folder, Ordinal))
                return true;
        }
        return false;
    }
}

/// <summary>A place that breaks a house rule.</summary>
internal sealed record Breach(string Path, int Line, string Text)
{
    public override string ToString() => $"{Path}:{Line}: {Text}";
}

internal static class Breaches
{
    /// <summary>Fails with every breach on a line of its own.</summary>
    public static void AssertNone(IEnumerable<Breach> breaches)
    {
        var list = breaches.ToList();
        Assert.True(list.Count == 0, string.Join('\n', list.Prepend<object>($"{list.Count} breaches:")));
    }
}

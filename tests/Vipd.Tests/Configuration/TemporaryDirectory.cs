namespace AnycastVip.Vipd.Tests.Configuration;

/// <summary>A directory for the files that one test writes.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vipd-tests-");

    /// <summary>Its absolute path.</summary>
    public string FullName => _directory.FullName;

    /// <summary>Writes a file, for the owner's eyes only, and returns its path.</summary>
    public string Write(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
        return path;
    }

    public void Dispose() => _directory.Delete(recursive: true);
}

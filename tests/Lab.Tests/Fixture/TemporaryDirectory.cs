namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A directory that is gone with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("lab-tests-").FullName;

    /// <summary>Writes a file that only root can read, such as a password's, and returns its path.</summary>
    public async Task<string> WriteSecretAsync(string text)
    {
        var file = System.IO.Path.Combine(Path, "secret");
        await File.WriteAllTextAsync(file, text + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

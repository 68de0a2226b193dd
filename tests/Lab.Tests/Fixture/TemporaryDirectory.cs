namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A directory that is gone with the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("lab-tests-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

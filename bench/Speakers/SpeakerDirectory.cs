using System.Diagnostics;
using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Bench.Speakers;

/// <summary>
/// A speaker's configuration and sockets. Paths know no network namespaces: the bench reaches them too.
/// </summary>
internal sealed class SpeakerDirectory : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("bench-");

    public string Path => _directory.FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file; returns its path.</summary>
    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    /// <summary>Waits until a process has made a file, its socket.</summary>
    public async Task WaitForAsync(string name, NodeProcess process)
    {
        for (var start = Stopwatch.GetTimestamp(); !System.IO.File.Exists(File(name)); await Task.Delay(LookInterval))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(start) > Patience)
                throw new InvalidOperationException($"no {name}:\n{string.Join('\n', process.Output.TakeLast(20))}");
        }
    }

    public void Dispose() => _directory.Delete(recursive: true);
}

using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Bench.Proxy.Rivals;

/// <summary>A program bound to one core, with a directory of its own for what it reads and writes.</summary>
internal sealed class PinnedProcess : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("bench-");
    private Process? _process;

    public int Pid => _process!.Id;

    /// <summary>The path of a file in its directory.</summary>
    public string File(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>Writes a file; returns its path.</summary>
    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    /// <summary>Starts it; its output goes to a file.</summary>
    public void Start(int core, params string[] command)
    {
        // Reading the output here would take time from what is measured.
        const string script = """exec taskset --cpu-list "$0" "$@" >"$LOG" 2>&1""";
        var start = new ProcessStartInfo("sh", ["-c", script, core.ToString(CultureInfo.InvariantCulture), .. command]);
        start.Environment["LOG"] = File("log");
        _process = Process.Start(start)!;
    }

    /// <summary>Waits until something is so.</summary>
    /// <exception cref="InvalidOperationException">The program has ended, or it took too long.</exception>
    public async Task WaitAsync(Func<bool> isSo, string what)
    {
        var start = Stopwatch.GetTimestamp();
        for (; !isSo(); await Task.Delay(TimeSpan.FromMilliseconds(20)))
        {
            if (_process!.HasExited || Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(20))
                throw new InvalidOperationException($"{what}:\n{System.IO.File.ReadAllText(File("log"))}");
        }
    }

    /// <summary>Its descendants and itself.</summary>
    public IEnumerable<int> Tree() => Tree(Pid);

    /// <summary>For how long all of them have had a core, in nanoseconds.</summary>
    public long ProcessorNanoseconds() => Tree().Sum(ProcessorNanoseconds);

    public void Dispose()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
        _process?.Dispose();
        _directory.Delete(recursive: true);
    }

    private static IEnumerable<int> Tree(int pid) => TextsOf(pid, "children")
        .SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .SelectMany(child => Tree(int.Parse(child, CultureInfo.InvariantCulture)))
        .Prepend(pid);

    private static long ProcessorNanoseconds(int pid) => TextsOf(pid, "schedstat")
        .Sum(text => long.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture));

    private static IEnumerable<string> TextsOf(int pid, string name)
    {
        foreach (var task in Directory.GetDirectories($"/proc/{pid}/task"))
        {
            string text;
            try
            {
                text = System.IO.File.ReadAllText(Path.Combine(task, name));
            }
            catch (IOException)
            {
                // It has just ended.
                continue;
            }
            yield return text;
        }
    }
}

using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Bench.Node;

/// <summary>A node from the Release build of <c>vipd</c>, with directories of its own.</summary>
internal sealed class VipdNode : IDisposable
{
    public const int SIGKILL = 9;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;

    /// <summary>The processes of a node, in the order of their start.</summary>
    public static readonly IReadOnlyList<string> Processes = ["speaker", "proxy", "gate"];

    /// <summary>The Release build of <c>vipd</c>.</summary>
    public static readonly string Program = Find();

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("vipd-bench-");
    private readonly Dictionary<string, Process> _started = [];

    /// <summary>Writes the configuration; nothing runs yet.</summary>
    /// <param name="configuration">Without the sections <c>api</c> and <c>state</c>, which are added here.</param>
    public VipdNode(string configuration)
    {
        var state = _directory.CreateSubdirectory("state").FullName;
        File.WriteAllText(
            ConfigurationFile,
            $$"""
            {{configuration}}
            api: {directory: {{_directory.FullName}}}
            state: {directory: {{state}}}

            """);
    }

    private string ConfigurationFile => Path.Combine(_directory.FullName, "node.yaml");

    private string LogFile => Path.Combine(_directory.FullName, "log");

    /// <summary>Starts <c>vipd</c>: <c>run</c>, or one of <see cref="Processes"/> apart from the others.</summary>
    public void Start(string command)
    {
        // The log to a file: reading it here would take time from what is measured.
        const string script = """exec "$0" "$1" --config "$2" >>"$3" 2>&1""";
        _started[command] = Process.Start("sh", ["-c", script, Program, command, ConfigurationFile, LogFile]);
    }

    /// <summary>The id of <c>run</c> or of one of <see cref="Processes"/>; null while it is not there.</summary>
    public int? PidOf(string command)
    {
        if (_started.TryGetValue(command, out var own))
            return own.HasExited ? null : own.Id;
        var run = _started["run"].Id;
        return Children(run).Select(pid => (int?)pid).FirstOrDefault(pid => IsVipd(pid!.Value, command));
    }

    /// <summary>Sends a signal.</summary>
    /// <returns>The timestamp just before.</returns>
    public long Signal(string command, int signal)
    {
        var pid = PidOf(command) ?? throw new InvalidOperationException($"There is no {command}.\n{LogTail()}");
        var at = Stopwatch.GetTimestamp();
        Signals.Send(pid, signal);
        return at;
    }

    /// <summary>The last lines that the processes have logged.</summary>
    public string LogTail() =>
        File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(30)) : "(no log)";

    public void Dispose()
    {
        foreach (var process in _started.Values)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
        _directory.Delete(recursive: true);
    }

    private static IEnumerable<int> Children(int pid) => Directory.EnumerateDirectories($"/proc/{pid}/task")
        .SelectMany(task => File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(child => int.Parse(child, CultureInfo.InvariantCulture));

    private static bool IsVipd(int pid, string command)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0').Contains(command);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static string Find()
    {
        for (var at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            var program = Path.Combine(at, "src", "Vipd", "bin", "Release", "net10.0", "vipd");
            if (File.Exists(program))
                return program;
        }
        throw new FileNotFoundException("There is no Release build of src/Vipd.");
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AnycastVip.Netlab.Deployment;

/// <summary>A long-running process in a node, started by this program; its output is kept in memory.</summary>
public sealed partial class NodeProcess : IDisposable
{
    private const int Continue = 18;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(10);

    private readonly Process _entrance;
    private readonly List<string> _output = [];

    private NodeProcess(Process entrance) => _entrance = entrance;

    /// <summary>The process's id as the host sees it.</summary>
    public int Pid { get; private set; }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _entrance.HasExited;

    /// <summary>Its exit code, 128 and the signal's number after a signal; null while it runs.</summary>
    public int? ExitCode => _entrance.HasExited ? _entrance.ExitCode : null;

    /// <summary>The lines of its standard output and error so far, in the order in which they came.</summary>
    public IReadOnlyList<string> Output
    {
        get
        {
            lock (_output)
                return [.. _output];
        }
    }

    /// <summary>Ends it at once (SIGKILL); does nothing when it has ended.</summary>
    public void Kill()
    {
        try
        {
            using var process = Process.GetProcessById(Pid);
            process.Kill();
            // nsenter stops with a child that is stopped, and would not see its end.
            _ = SendSignal(_entrance.Id, Continue);
        }
        catch (ArgumentException)
        {
            // It is gone already.
        }
    }

    /// <summary>Sends it a signal.</summary>
    /// <param name="name">Without SIG: TERM, HUP, STOP, CONT.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="NetlabException">It has ended.</exception>
    public Task SignalAsync(string name, CancellationToken cancellation = default) => Subprocess.RunCheckedAsync(
        ["kill", "-s", name, Pid.ToString(CultureInfo.InvariantCulture)],
        new Dictionary<string, string>(),
        TimeSpan.FromSeconds(5),
        cancellation);

    /// <summary>Waits for its end and returns the exit code.</summary>
    public async Task<int> WaitForExitAsync(CancellationToken cancellation = default)
    {
        await _entrance.WaitForExitAsync(cancellation);
        return _entrance.ExitCode;
    }

    /// <summary>Ends it and forgets it.</summary>
    public void Dispose()
    {
        Kill();
        _entrance.Dispose();
    }

    /// <summary>Starts a process.</summary>
    /// <param name="arguments">An <c>nsenter</c> that forks, and what it is to run.</param>
    /// <param name="environment">Variables besides those of this process.</param>
    /// <param name="cancellation">Ends the waiting for the start.</param>
    internal static async Task<NodeProcess> StartAsync(
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        CancellationToken cancellation)
    {
        var process = new NodeProcess(Subprocess.Start(arguments, environment, capture: true));
        process._entrance.OutputDataReceived += process.Keep;
        process._entrance.ErrorDataReceived += process.Keep;
        process._entrance.BeginOutputReadLine();
        process._entrance.BeginErrorReadLine();
        // nsenter enters the process-id namespace by a fork: its child is the process.
        process.Pid = await Polling.UntilAsync(
            () => process._entrance.HasExited ? 0 : ProcessFiles.FirstChild(process._entrance.Id),
            StartTimeout,
            $"'{string.Join(' ', arguments)}' to start",
            cancellation);
        return process;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lock (_output)
            _output.Add(line.Data);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}

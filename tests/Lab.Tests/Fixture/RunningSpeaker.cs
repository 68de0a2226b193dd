using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A <c>vipd speaker</c> in a node, and the directory with its configuration and its socket.</summary>
internal sealed class RunningSpeaker : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory;
    private readonly NodeProcess _process;

    private RunningSpeaker(DirectoryInfo directory, NodeProcess process)
    {
        _directory = directory;
        _process = process;
    }

    /// <summary>The configuration file; it may be rewritten.</summary>
    public string ConfigurationFile => Path.Combine(_directory.FullName, "node.yaml");

    /// <summary>The API's socket. Unix sockets know no network namespaces: tests reach it by its path.</summary>
    public string SocketPath => Path.Combine(_directory.FullName, "speaker.sock");

    /// <summary>What it logged so far.</summary>
    public string Log => string.Join('\n', _process.Output);

    /// <summary>Its process id, as the host sees it.</summary>
    public int Pid => _process.Pid;

    /// <summary>Ends it with SIGKILL and waits until it is gone: the kernel has then closed its connections.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Asks it to stop (SIGTERM), waits, and returns its exit code.</summary>
    public async Task<int> Terminate()
    {
        await Signal("TERM");
        return await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Sends it a signal.</summary>
    /// <param name="name">Without SIG: HUP, STOP, CONT.</param>
    public Task Signal(string name) => _process.SignalAsync(name, TestContext.Current.CancellationToken);

    public void Dispose()
    {
        _process.Dispose();
        _directory.Delete(recursive: true);
    }

    /// <summary>Starts a speaker and waits until its API listens.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="node">The node in which it runs.</param>
    /// <param name="configuration">The configuration without its <c>api</c> section, which is added here.</param>
    public static async Task<RunningSpeaker> Start(DeployedLab lab, string node, string configuration)
    {
        var directory = Directory.CreateTempSubdirectory("vipd-");
        var file = Path.Combine(directory.FullName, "node.yaml");
        await File.WriteAllTextAsync(file, $"{configuration.TrimEnd()}\napi:\n  directory: {directory.FullName}\n");
        var process = await lab.StartAsync(
            node, ["dotnet", Path.Combine(AppContext.BaseDirectory, "vipd.dll"), "speaker", "--config", file]);
        var speaker = new RunningSpeaker(directory, process);
        await Poll.Until(
            () => process.HasExited || File.Exists(speaker.SocketPath),
            ready => ready,
            StartTimeout,
            $"the speaker in {node} listens on its socket");
        Assert.False(process.HasExited, $"the speaker ended with {process.ExitCode}:\n{speaker.Log}");
        return speaker;
    }
}

using System.Globalization;
using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A node with its directories, its backends and its <c>vipd run</c>.</summary>
internal sealed class RunningNode : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly Dictionary<string, string> Ports = new() { ["s1"] = "8081", ["s2"] = "8082" };

    private readonly DirectoryInfo _directory;
    private readonly Dictionary<string, NodeProcess> _backends = [];
    private NodeProcess? _process;

    private RunningNode(VipNode node, DirectoryInfo directory) => (Node, _directory) = (node, directory);

    /// <summary>Where it runs.</summary>
    public VipNode Node { get; }

    /// <summary>The configuration file; it may be rewritten.</summary>
    public string ConfigurationFile => Path.Combine(_directory.FullName, "node.yaml");

    /// <summary>Where drains and events are kept.</summary>
    public string StateDirectory => Path.Combine(_directory.FullName, "state");

    /// <summary>Where the sockets are. Unix sockets know no network namespaces: tests reach them by their path.</summary>
    public string ApiDirectory => _directory.FullName;

    /// <summary>What it logged so far.</summary>
    public string Log => string.Join('\n', Process.Output);

    /// <summary><c>vipd run</c>, or what <see cref="StartAsync"/> started last.</summary>
    public NodeProcess Process => _process ?? throw new InvalidOperationException("the node was not started");

    /// <summary>Makes the directories and writes the configuration; nothing runs yet.</summary>
    /// <param name="node">Where.</param>
    /// <param name="configuration">Without the sections <c>api</c> and <c>state</c>, which are added here.</param>
    public static async Task<RunningNode> CreateAsync(VipNode node, string configuration)
    {
        var running = new RunningNode(node, Directory.CreateTempSubdirectory("vipd-"));
        Directory.CreateDirectory(running.StateDirectory);
        await running.ConfigureAsync(configuration);
        return running;
    }

    /// <summary>Writes the configuration; nobody is told.</summary>
    public Task ConfigureAsync(string configuration) => File.WriteAllTextAsync(
        ConfigurationFile,
        $"""
        {configuration.TrimEnd()}
        api: <<directory: {ApiDirectory}>>
        state: <<directory: {StateDirectory}>>

        """.Replace("<<", "{", StringComparison.Ordinal).Replace(">>", "}", StringComparison.Ordinal));

    /// <summary>Starts <c>vipd</c> and waits until its sockets are there.</summary>
    /// <param name="command">Which of its processes.</param>
    public async Task StartAsync(string command = "run")
    {
        var program = Path.Combine(AppContext.BaseDirectory, "vipd.dll");
        var process = await Node.StartProcess("dotnet", program, command, "--config", ConfigurationFile);
        _process = process;
        string[] wanted = command == "run" ? ["speaker", "proxy", "gate"] : [command];
        await Poll.Until(
            () => process.HasExited || wanted.All(name => File.Exists(Path.Combine(ApiDirectory, $"{name}.sock"))),
            ready => ready,
            Timeout,
            $"vipd {command} in {Node.Name} listens on its sockets");
        Assert.False(process.HasExited, $"vipd {command} ended with {process.ExitCode}:\n{Log}");
    }

    /// <summary>Starts a backend and waits until it listens.</summary>
    public async Task StartBackendAsync(string name)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "backend.py");
        var backend = await Node.StartProcess("python3", script, name, $"127.0.0.1:{Ports[name]}");
        _backends[name] = backend;
        await Poll.Until(
            () => backend.HasExited || backend.Output.Count > 0, ready => ready, Timeout, $"backend {name} listens");
        Assert.False(backend.HasExited, string.Join('\n', backend.Output));
    }

    /// <summary>Ends a backend with SIGKILL and waits until it is gone.</summary>
    public async Task KillBackendAsync(string name)
    {
        _backends.Remove(name, out var backend);
        backend!.Kill();
        await backend.WaitForExitAsync(TestContext.Current.CancellationToken);
        backend.Dispose();
    }

    /// <summary>The process ids of the node's processes by name: "speaker", "gate", "proxy".</summary>
    public IReadOnlyDictionary<string, int> Pids() => Children(Process.Pid)
        .Select(pid => (Pid: pid, Command: CommandOf(pid)))
        .Where(child => child.Command.Length > 0)
        .GroupBy(child => child.Command)
        .ToDictionary(group => group.Key, group => group.First().Pid);

    /// <summary>Sends a signal to one of the node's processes.</summary>
    /// <param name="process">"speaker", "gate" or "proxy".</param>
    /// <param name="signal">Without SIG.</param>
    /// <returns>When it was sent.</returns>
    public async Task<DateTimeOffset> SignalAsync(string process, string signal)
    {
        var pid = Pids()[process].ToString(CultureInfo.InvariantCulture);
        using var kill = System.Diagnostics.Process.Start("kill", ["-s", signal, pid]);
        var at = TimeProvider.System.GetUtcNow();
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        return at;
    }

    /// <summary>Runs the built vipctl against this node.</summary>
    public Task<VipctlRun> VipctlAsync(params string[] arguments) => VipctlRun.RunAsync(ApiDirectory, arguments);

    /// <summary>Waits until <c>vipctl vips</c> shows the VIP in a state.</summary>
    /// <param name="state">As in JSON, without VIP_STATE_.</param>
    /// <param name="vip">Which.</param>
    public Task WaitVipAsync(string state, string vip = "web") => Poll.Until(
        async () =>
        {
            var answer = await VipctlAsync("vips", vip, "-o", "json");
            return answer.ExitCode == 0 ? $"{answer.ToJson()["vips"]![0]}" : $"{answer}";
        },
        seen => seen.Contains($"\"VIP_STATE_{state}\"", StringComparison.Ordinal),
        Timeout,
        $"{Node.Name} sees VIP {vip} {state}");

    /// <summary>Ends everything at once and removes the directories, and the addresses that were left on lo.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
        foreach (var backend in _backends.Values)
            backend.Dispose();
        await Node.TryRun("ip", "-4", "address", "flush", "dev", "lo", "scope", "global");
        await Node.TryRun("ip", "-6", "address", "flush", "dev", "lo", "scope", "global");
        _directory.Delete(recursive: true);
    }

    private static IEnumerable<int> Children(int pid) => Directory.EnumerateDirectories($"/proc/{pid}/task")
        .SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.TrimEntries))
        .Where(text => text.Length > 0)
        .Select(text => int.Parse(text, CultureInfo.InvariantCulture));

    // "speaker" of "dotnet …/vipd.dll speaker --config …".
    private static string CommandOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0')
                .FirstOrDefault(word => word is "speaker" or "gate" or "proxy") ?? "";
        }
        catch (IOException)
        {
            // It has just ended.
            return "";
        }
    }
}

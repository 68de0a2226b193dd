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
    private readonly Dictionary<string, NodeProcess> _processes = [];

    private RunningNode(VipNode node, DirectoryInfo directory) => (Node, _directory) = (node, directory);

    /// <summary>Where it runs.</summary>
    public VipNode Node { get; }

    /// <summary>The configuration file; it may be rewritten.</summary>
    public string ConfigurationFile => Path.Combine(_directory.FullName, "node.yaml");

    /// <summary>Where drains and events are kept.</summary>
    public string StateDirectory => Path.Combine(_directory.FullName, "state");

    /// <summary>Where the sockets are. Unix sockets know no network namespaces: tests reach them by path.</summary>
    public string ApiDirectory => _directory.FullName;

    /// <summary>What its processes logged so far.</summary>
    public string Log => string.Join('\n', _processes.Values.SelectMany(process => process.Output));

    /// <summary><c>vipd run</c>.</summary>
    public NodeProcess Run => _processes["run"];

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
    /// <param name="command">Which of its processes; by default the one that starts the others.</param>
    public async Task StartAsync(string command = "run")
    {
        var program = Path.Combine(AppContext.BaseDirectory, "vipd.dll");
        var process = await Node.StartProcess("dotnet", program, command, "--config", ConfigurationFile);
        _processes[command] = process;
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

    /// <summary>Puts nginx, which is faster than the lab's own, in the place of both backends.</summary>
    public async Task ReplaceBackendsByNginxAsync()
    {
        var directory = _directory.CreateSubdirectory("nginx").FullName;
        var file = Path.Combine(directory, "nginx.conf");
        await File.WriteAllTextAsync(file, $$"""
            daemon off;
            master_process off; # one process: a killed master would leave its workers
            error_log stderr;
            pid {{directory}}/pid;
            events { worker_connections 4096; }
            http {
              access_log off;
              keepalive_requests 1000000000;
              client_body_temp_path {{directory}}/body;
              proxy_temp_path {{directory}}/proxy;
              fastcgi_temp_path {{directory}}/fastcgi;
              uwsgi_temp_path {{directory}}/uwsgi;
              scgi_temp_path {{directory}}/scgi;
              server {
                listen 127.0.0.1:{{Ports["s1"]}};
                listen 127.0.0.1:{{Ports["s2"]}};
                location / { return 200 "nginx\n"; }
              }
            }
            """);
        foreach (var name in Ports.Keys)
            await KillBackendAsync(name);
        _backends["nginx"] = await Node.StartProcess("nginx", "-c", file);
        foreach (var name in Ports.Keys)
            await WaitBackendAsync("UP", name);
    }

    /// <summary>Ends a backend with SIGKILL and waits until it is gone.</summary>
    public async Task KillBackendAsync(string name)
    {
        _backends.Remove(name, out var backend);
        backend!.Kill();
        await backend.WaitForExitAsync(TestContext.Current.CancellationToken);
        backend.Dispose();
    }

    /// <summary>The process id of a process: "speaker", "gate", "proxy", "run"; null while there is none.</summary>
    public int? PidOf(string name)
    {
        if (_processes.TryGetValue(name, out var own))
            return own.HasExited ? null : own.Pid;
        var child = Children(Run.Pid).Where(pid => CommandOf(pid) == name).ToList();
        return child.Count > 0 ? child[0] : null;
    }

    /// <summary>How many processes of a kind <c>vipd run</c> has at the moment.</summary>
    public int CountOf(string name) => Children(Run.Pid).Count(pid => CommandOf(pid) == name);

    /// <summary>Sends a signal to one of the node's processes.</summary>
    /// <param name="process">"speaker", "gate", "proxy" or "run".</param>
    /// <param name="signal">Without SIG.</param>
    /// <returns>Just before it was sent.</returns>
    public async Task<DateTimeOffset> SignalAsync(string process, string signal)
    {
        var pid = PidOf(process)!.Value.ToString(CultureInfo.InvariantCulture);
        var at = TimeProvider.System.GetUtcNow();
        using var kill = System.Diagnostics.Process.Start("kill", ["-s", signal, pid]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
        return at;
    }

    /// <summary>Waits for a process's end and returns its exit code.</summary>
    /// <param name="command">What was started.</param>
    public Task<int> WaitForExitAsync(string command = "run") =>
        _processes[command].WaitForExitAsync(TestContext.Current.CancellationToken);

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

    /// <summary>Waits until <c>vipctl backends</c> shows a backend of pool web in a state.</summary>
    /// <param name="state">As in JSON, without BACKEND_STATE_.</param>
    /// <param name="name">Which.</param>
    public Task WaitBackendAsync(string state, string name) => Poll.Until(
        async () =>
        {
            var answer = await VipctlAsync("backends", "web", "-o", "json");
            return answer.ExitCode != 0 ? $"{answer}" : (string)answer.ToJson()["backends"]!.AsArray()
                .Single(backend => (string)backend!["name"]! == name)!["state"]!;
        },
        seen => seen == $"BACKEND_STATE_{state}",
        Timeout,
        $"{Node.Name} sees backend {name} {state}");

    /// <summary>Ends everything at once and removes the directories, and the addresses that were left on lo.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.Values)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        foreach (var backend in _backends.Values)
            backend.Dispose();
        await Node.TryRun("ip", "-4", "address", "flush", "dev", "lo", "scope", "global");
        await Node.TryRun("ip", "-6", "address", "flush", "dev", "lo", "scope", "global");
        _directory.Delete(recursive: true);
    }

    private static IEnumerable<int> Children(int pid)
    {
        var tasks = new DirectoryInfo($"/proc/{pid}/task");
        return !tasks.Exists ? [] : tasks.EnumerateDirectories()
            .SelectMany(task => File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.TrimEntries))
            .Where(text => text.Length > 0)
            .Select(text => int.Parse(text, CultureInfo.InvariantCulture));
    }

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

using AnycastVip.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.Vipctl.Tests;

/// <summary>A directory of its own with the sockets of the daemons that a test starts in it.</summary>
internal sealed class NodeSandbox : IAsyncDisposable
{
    /// <summary>No step of a test takes this long unless it hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("vipctl-");
    private readonly Dictionary<string, RpcServer> _servers = [];

    public string Directory => _directory.FullName;

    /// <summary>A sandbox with a gate.</summary>
    public static async Task<(NodeSandbox Node, GateStandIn Gate)> WithGateAsync()
    {
        var (node, gate) = (new NodeSandbox(), new GateStandIn());
        await node.ServeAsync("gate", gate);
        return (node, gate);
    }

    public string Socket(string daemon) => Path.Combine(Directory, $"{daemon}.sock");

    public async Task ServeAsync<TService>(string daemon, TService service)
        where TService : class
    {
        var options = new RpcServerOptions { SocketPath = Socket(daemon) };
        var server = new RpcServer(options, NullLoggerFactory.Instance).Add(service);
        _servers.Add(daemon, server);
        await server.StartAsync(TestContext.Current.CancellationToken);
    }

    public Task StopAsync(string daemon) => _servers[daemon].StopAsync();

    /// <summary>Runs vipctl on this node; the words of <paramref name="line"/> are its arguments.</summary>
    public Task<Vipctl> RunAsync(string line) => RunAsync(line, context => context);

    /// <summary>The same in a context that the test has changed.</summary>
    public Task<Vipctl> RunAsync(string line, Func<CommandContext, CommandContext> change) =>
        Vipctl.RunAsync(Arguments(line), new LiveText(), change, TestContext.Current.CancellationToken);

    /// <summary>The same with an output that the test reads meanwhile, until it is interrupted.</summary>
    public Task<Vipctl> RunAsync(string line, LiveText output, CancellationToken interrupt) =>
        Vipctl.RunAsync(Arguments(line), output, context => context, interrupt);

    /// <summary>
    /// The same with a clock that stands still until <paramref name="isThen"/> holds of the output; then
    /// <paramref name="time"/> has passed.
    /// </summary>
    public async Task<Vipctl> RunAsync(string line, Func<string, bool> isThen, TimeSpan time)
    {
        var (clock, output) = (new StoppedClock(), new LiveText());
        var run = Vipctl.RunAsync(
            Arguments(line),
            output,
            context => context with { Clock = clock },
            TestContext.Current.CancellationToken);
        await Poll.Until(output.ToString, isThen, Patience, "the clock may go on");
        clock.Ring(time);
        return await run;
    }

    private string[] Arguments(string line) => [.. line.Split(' '), "--api-directory", Directory];

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
            await server.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}

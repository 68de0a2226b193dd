using AnycastVip.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.Vipctl.Tests;

/// <summary>A directory of its own with the sockets of the daemons that a test starts in it.</summary>
internal sealed class NodeSandbox : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = System.IO.Directory.CreateTempSubdirectory("vipctl-");
    private readonly List<RpcServer> _servers = [];

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
        _servers.Add(server);
        await server.StartAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Runs vipctl on this node; the words of <paramref name="line"/> are its arguments.</summary>
    public Task<Vipctl> RunAsync(string line) => RunAsync(line, context => context);

    /// <summary>The same in a context that the test has changed.</summary>
    public Task<Vipctl> RunAsync(string line, Func<CommandContext, CommandContext> change) =>
        Vipctl.RunAsync(Arguments(line), new LiveText(), change, TestContext.Current.CancellationToken);

    /// <summary>The same with an output that the test reads meanwhile, until it is interrupted.</summary>
    public Task<Vipctl> RunAsync(string line, LiveText output, CancellationToken interrupt) =>
        Vipctl.RunAsync(Arguments(line), output, context => context, interrupt);

    private string[] Arguments(string line) => [.. line.Split(' '), "--api-directory", Directory];

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}

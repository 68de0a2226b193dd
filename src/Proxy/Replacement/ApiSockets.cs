using AnycastVip.Proxy.Api;
using AnycastVip.Rpc;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Proxy.Replacement;

/// <summary>
/// The sockets on which the proxy's API answers: <c>proxy.sock</c> while this process is the node's proxy, and one of
/// its own once another process has replaced it.
/// </summary>
/// <param name="directory">Of the sockets.</param>
/// <param name="api">What answers.</param>
/// <param name="loggers">Take what the servers log.</param>
public sealed class ApiSockets(string directory, ProxyApi api, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly string _replacedPath = ReplacedProxies.PathOf(directory, Environment.ProcessId);
    // On the path, newest last: one that was given up and taken back has two.
    private readonly List<RpcServer> _servers = [];
    private RpcServer? _replaced;

    /// <summary>The path of the node's proxy.</summary>
    public string Path { get; } = System.IO.Path.Combine(directory, "proxy.sock");

    /// <summary>Takes the path.</summary>
    /// <exception cref="SocketClaimException">It is unusable or belongs to another process.</exception>
    public async Task StartAsync()
    {
        var server = await ServeAsync(Path);
        _servers.Add(server);
    }

    /// <summary>Lets another process have the path; this one still answers there until that does.</summary>
    internal void GiveUpPath() => _servers[^1].GiveUpPath();

    /// <summary>Has the path again, unless another process holds it by now: that is what false means.</summary>
    internal async Task<bool> TryTakePathBackAsync()
    {
        try
        {
            await StartAsync();
            return true;
        }
        catch (SocketClaimException)
        {
            return false;
        }
    }

    /// <summary>Answers on this process's own path too.</summary>
    internal async Task AnswerAsReplacedAsync() => _replaced = await ServeAsync(_replacedPath);

    /// <summary>Ends what answers on the path of the node's proxy, or did.</summary>
    public async Task LeavePathAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        _servers.Clear();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await LeavePathAsync();
        if (_replaced is null)
            return;
        await _replaced.DisposeAsync();
        // Nobody else has this process's name.
        File.Delete(_replacedPath + ".lock");
    }

    private async Task<RpcServer> ServeAsync(string path)
    {
        var server = new RpcServer(new RpcServerOptions { SocketPath = path }, loggers).Add(api);
        try
        {
            // A stop that comes meanwhile waits for it, instead of breaking it off.
            await server.StartAsync(CancellationToken.None);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }
}

using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.Proxy.Api;
using AnycastVip.Proxy.Engine;
using AnycastVip.Rpc;
using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Configuration;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd;

/// <summary>
/// The process behind <c>vipd proxy</c>: the data path, its API, its log. What it does it is told by the gate's table;
/// of the configuration file it needs the node's name and the socket's directory. The runtime itself raises the limit
/// on open files to what the process may have.
/// </summary>
internal static partial class ProxyProcess
{
    // Connections may end by themselves for this long; a drain before the stop has moved them away already.
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(10);

    /// <summary>Runs until the host says stop; then accepts no more, and ends with its last connection.</summary>
    public static async Task<int> RunAsync(NodeConfiguration configuration, ProcessHost host)
    {
        using var loggers = NodeLog.Create();
        var log = loggers.CreateLogger("proxy");
        using var engine = new ProxyEngine(new() { Clock = BootClock.Instance });
        engine.Start();
        if (!await ServeAsync(engine, configuration, host, loggers, log))
            return ExitCode.Failed;
        var reset = await Task.Run(() => engine.Stop(StopBound));
        LogStopped(log, reset);
        return ExitCode.Ok;
    }

    // The API, which ends before the engine does: no table may open a listener again. False: it could not start.
    private static async Task<bool> ServeAsync(
        ProxyEngine engine, NodeConfiguration configuration, ProcessHost host, ILoggerFactory loggers, ILogger log)
    {
        var socketPath = Path.Combine(configuration.ApiDirectory, "proxy.sock");
        await using var control = new ProxyControl(engine, BootClock.Instance);
        await using var server = new RpcServer(new RpcServerOptions { SocketPath = socketPath }, loggers);
        server.Add(new ProxyApi(control, configuration.Speaker.NodeName));
        try
        {
            Directory.CreateDirectory(configuration.ApiDirectory);
            await server.StartAsync(host.Stop);
        }
        catch (Exception error) when (error is SocketClaimException or IOException or UnauthorizedAccessException)
        {
            LogCannotStart(log, error.Message);
            return false;
        }
        LogStarted(log, configuration.Speaker.NodeName, socketPath);
        // Nothing of the file concerns a running proxy: its table is the gate's.
        await host.WaitForStopAsync(() => Task.CompletedTask);
        LogStopping(log, StopBound.TotalSeconds);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "node {Node}: waits for the gate's table; API on {Socket}")]
    private static partial void LogStarted(ILogger log, string node, string socket);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "stopping: accepts no more, lets connections end for {Seconds} s, resets the rest, then exit")]
    private static partial void LogStopping(ILogger log, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopped; connections that had to be reset: {Reset}")]
    private static partial void LogStopped(ILogger log, int reset);

    [LoggerMessage(Level = LogLevel.Critical, Message = "cannot start: {Error}")]
    private static partial void LogCannotStart(ILogger log, string error);
}

using System.Globalization;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.Proxy.Api;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Replacement;
using AnycastVip.Rpc;
using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Configuration;
using AnycastVip.Vipd.Supervision;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd;

/// <summary>
/// The process behind <c>vipd proxy</c>: the data path, its API, its log. What it does it is told by the gate's table;
/// of the configuration file it needs the node's name, the sockets' directory, by what to carry connections and how
/// long a process that it replaces may go on. The runtime itself raises the limit on open files to what the process may
/// have.
/// </summary>
internal static partial class ProxyProcess
{
    // Connections may end by themselves for this long; a drain before the stop has moved them away already.
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CountInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Runs until the host says stop, or another process has taken over; then accepts no more, and ends with its last
    /// connection.
    /// </summary>
    public static async Task<int> RunAsync(NodeConfiguration configuration, ProcessHost host)
    {
        using var loggers = NodeLog.Create();
        var log = loggers.CreateLogger("proxy");
        if (TryCreate(configuration.ProxyEngine, log) is not { } created)
            return ExitCode.Failed;
        using var engine = created;
        engine.Start();
        using var replaced = new ReplacedProxies(configuration.ApiDirectory, BootClock.Instance);
        await using var control = new ProxyControl(engine, BootClock.Instance)
        {
            Replaced = replaced,
            OrderReplacement = OrderReplacement(),
        };
        var api = new ProxyApi(control, configuration.Speaker.NodeName);
        await using var sockets = new ApiSockets(configuration.ApiDirectory, api, loggers);
        try
        {
            Directory.CreateDirectory(configuration.ApiDirectory);
            await StartAsync(control, sockets, configuration, host, log);
            await ServeAsync(control, sockets, configuration, host, log);
        }
        catch (Exception error) when (error is SocketClaimException or IOException or UnauthorizedAccessException)
        {
            LogCannotStart(log, error.Message);
            // The sockets that it may have shared go on with the process that has the path; its connections end here.
            engine.StopAccepting();
            await Task.Run(() => engine.Stop(StopBound));
            return ExitCode.Failed;
        }
        var reset = await Task.Run(() => engine.Stop(host.Stop.IsCancellationRequested ? StopBound : TimeSpan.Zero));
        LogStopped(log, reset);
        return ExitCode.Ok;
    }

    private static ProxyEngine? TryCreate(TransportKind kind, ILogger log)
    {
        try
        {
            var engine = new ProxyEngine(new() { Clock = BootClock.Instance, Transport = kind });
            LogEngine(log, engine.TransportText);
            return engine;
        }
        catch (InvalidOperationException error)
        {
            LogCannotStart(log, error.Message);
            return null;
        }
    }

    // Whoever has the path is the node's proxy. So what fails in taking over is judged by whether the path can be had.
    private static async Task StartAsync(
        ProxyControl control, ApiSockets sockets, NodeConfiguration configuration, ProcessHost host, ILogger log)
    {
        using var predecessor = host.Replaces ? HandOverClient.TryConnect(HandOverPath(configuration)) : null;
        try
        {
            predecessor?.TakeOver(control, configuration.ProxyReplaceTimeout);
        }
        catch (IOException error)
        {
            LogNotTakenOver(log, error.Message);
        }
        await sockets.StartAsync();
        try
        {
            predecessor?.Finish(control);
        }
        catch (IOException error)
        {
            LogNotFinished(log, error.Message);
        }
        LogStarted(log, configuration.Speaker.NodeName, sockets.Path);
    }

    private static async Task ServeAsync(
        ProxyControl control, ApiSockets sockets, NodeConfiguration configuration, ProcessHost host, ILogger log)
    {
        using var handOver = new HandOverServer(HandOverPath(configuration), control, sockets, log);
        try
        {
            var connectionTimeout = await handOver.ServeAsync(host.Stop);
            LogReplaced(log, connectionTimeout.TotalSeconds);
            await sockets.LeavePathAsync();
            await control.AwaitLastConnectionAsync(connectionTimeout, CountInterval, host.Stop);
        }
        catch (OperationCanceledException) when (host.Stop.IsCancellationRequested)
        {
            LogStopping(log, StopBound.TotalSeconds);
            // Before the engine ends: no table may open a listener again.
            await sockets.LeavePathAsync();
            File.Delete(HandOverPath(configuration));
        }
    }

    private static string HandOverPath(NodeConfiguration configuration) =>
        Path.Combine(configuration.ApiDirectory, "proxy.handover");

    private static Action? OrderReplacement()
    {
        if (ParentBond.Supervisor is not { } text)
            return null;
        var supervisor = int.Parse(text, CultureInfo.InvariantCulture);
        return () => Signal.Send(supervisor, SignalNumber.SIGUSR2);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "node {Node}: waits for the gate's table; API on {Socket}")]
    private static partial void LogStarted(ILogger log, string node, string socket);

    [LoggerMessage(Level = LogLevel.Information, Message = "connections are carried by {Engine}")]
    private static partial void LogEngine(ILogger log, string engine);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "nothing, or not all, was taken over from the process that ran: {Error}")]
    private static partial void LogNotTakenOver(ILogger log, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the process that was replaced ended too early: {Error}")]
    private static partial void LogNotFinished(ILogger log, string error);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "another process has taken over: this one accepts no more and lets connections end for {Seconds} s")]
    private static partial void LogReplaced(ILogger log, double seconds);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "stopping: accepts no more, lets connections end for {Seconds} s, resets the rest, then exit")]
    private static partial void LogStopping(ILogger log, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopped; connections that had to be reset: {Reset}")]
    private static partial void LogStopped(ILogger log, int reset);

    [LoggerMessage(Level = LogLevel.Critical, Message = "cannot start: {Error}")]
    private static partial void LogCannotStart(ILogger log, string error);
}

using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.HealthGate.Api;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.Rpc;
using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Configuration;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd;

/// <summary>The process behind <c>vipd gate</c>: the gate, its API, its log.</summary>
internal static partial class GateProcess
{
    /// <summary>
    /// Runs until the host says stop; then drains every VIP and ends. Told to leave, it ends at once: the lease holds
    /// what is announced for its successor.
    /// </summary>
    public static async Task<int> RunAsync(NodeConfiguration configuration, ProcessHost host)
    {
        using var loggers = NodeLog.Create();
        var log = loggers.CreateLogger("gate");
        Gate gate;
        try
        {
            Directory.CreateDirectory(configuration.ApiDirectory);
            // Its lock on the state directory is what keeps a second gate from deciding for the same node.
            gate = await Gate.StartAsync(configuration.Gate, RuntimeOf(configuration), loggers);
        }
        catch (Exception error) when (error is StateDirectoryException or PlatformNotSupportedException
            or SocketException or IOException or UnauthorizedAccessException)
        {
            LogCannotStart(log, error.Message);
            return ExitCode.Failed;
        }
        await using var running = gate;
        await using var server = new RpcServer(
            new RpcServerOptions { SocketPath = Path.Combine(configuration.ApiDirectory, "gate.sock") }, loggers);
        using var reload = new GateReload(gate, configuration, host.ConfigurationPath, log);
        server.Add(new GateApi(gate, reload.RunAsync, host.ConfigurationPath, BootClock.Instance));
        try
        {
            await server.StartAsync(CancellationToken.None);
        }
        catch (SocketClaimException error)
        {
            LogCannotStart(log, error.Message);
            return ExitCode.Failed;
        }
        LogStarted(log, configuration.Speaker.NodeName, configuration.Gate.Vips.Count, configuration.StateDirectory);
        return await ServeAsync(gate, reload, host, log);
    }

    private static async Task<int> ServeAsync(Gate gate, GateReload reload, ProcessHost host, ILogger log)
    {
        var told = host.WaitForStopAsync(() => reload.RunAsync(dryRun: false));
        await Task.WhenAny(told, gate.Completion);
        try
        {
            if (host.Leave.IsCancellationRequested)
                await gate.LeaveAsync();
            else if (host.Stop.IsCancellationRequested)
                await gate.StopAsync();
            else
                await gate.Completion;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The gate has logged it: a bug. Whoever keeps it running starts the next one within the lease.
            return ExitCode.Failed;
        }
        LogStopped(log);
        return ExitCode.Ok;
    }

    private static GateRuntimeOptions RuntimeOf(NodeConfiguration configuration) => new()
    {
        ProxySocket = Path.Combine(configuration.ApiDirectory, "proxy.sock"),
        SpeakerSocket = Path.Combine(configuration.ApiDirectory, "speaker.sock"),
        StateDirectory = configuration.StateDirectory,
        Clock = BootClock.Instance,
    };

    [LoggerMessage(
        Level = LogLevel.Information, Message = "node {Node}: {Vips} VIPs, state in {StateDirectory}")]
    private static partial void LogStarted(ILogger log, string node, int vips, string stateDirectory);

    [LoggerMessage(Level = LogLevel.Information, Message = "the gate has stopped")]
    private static partial void LogStopped(ILogger log);

    [LoggerMessage(Level = LogLevel.Critical, Message = "cannot start: {Error}")]
    private static partial void LogCannotStart(ILogger log, string error);
}

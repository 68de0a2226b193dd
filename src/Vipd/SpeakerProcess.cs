using AnycastVip.BgpSpeaker.Api;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.Rpc;
using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Configuration;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd;

/// <summary>The process behind <c>vipd speaker</c>: the speaker, its API, its log.</summary>
internal static partial class SpeakerProcess
{
    private const string StopReason = "the speaker stops";

    /// <summary>
    /// Runs until the host says stop; then withdraws, says Cease/2, and ends. Told to leave, it hands over to its
    /// successor instead: peers with graceful restart keep the routes.
    /// </summary>
    public static async Task<int> RunAsync(NodeConfiguration configuration, ProcessHost host)
    {
        using var loggers = NodeLog.Create();
        var log = loggers.CreateLogger("speaker");
        var socketPath = Path.Combine(configuration.ApiDirectory, "speaker.sock");
        var marker = new RestartMarker(
            Path.Combine(configuration.ApiDirectory, "speaker.restart"), Lineage.OfThisProcess(), log);
        await using var speaker = new Speaker(configuration.Speaker, BootClock.Instance, loggers, marker);
        await using var server = new RpcServer(new RpcServerOptions { SocketPath = socketPath }, loggers);
        server.Add(new SpeakerApi(speaker));
        try
        {
            Directory.CreateDirectory(configuration.ApiDirectory);
            // The socket first: its claim is what keeps a second speaker from dialling the same routers.
            // A stop that comes meanwhile waits for it, instead of breaking it off.
            await server.StartAsync(CancellationToken.None);
            speaker.Start();
        }
        catch (Exception error) when (error is SocketClaimException or ListenException or IOException
            or UnauthorizedAccessException)
        {
            LogCannotStart(log, error.Message);
            return ExitCode.Failed;
        }
        LogStarted(log, configuration.Speaker.NodeName, string.Join(", ", speaker.Endpoints), socketPath);
        var reload = new SpeakerReload(speaker, configuration, host.ConfigurationPath, log);
        await host.WaitForStopAsync(reload.RunAsync);
        if (host.Leave.IsCancellationRequested)
        {
            LogHandingOver(log);
            await speaker.HandOverAsync(StopReason);
            return ExitCode.Ok;
        }
        LogStopping(log);
        await speaker.StopAsync(StopReason);
        return ExitCode.Ok;
    }

    [LoggerMessage(
        Level = LogLevel.Information, Message = "node {Node}: accepts peers on {Endpoints}; API on {Socket}")]
    private static partial void LogStarted(ILogger log, string node, string endpoints, string socket);

    [LoggerMessage(Level = LogLevel.Information, Message = "stopping: withdraw, then Cease, then exit")]
    private static partial void LogStopping(ILogger log);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "leaving: peers with graceful restart keep the routes for a successor, the others get a Cease")]
    private static partial void LogHandingOver(ILogger log);

    [LoggerMessage(Level = LogLevel.Critical, Message = "cannot start: {Error}")]
    private static partial void LogCannotStart(ILogger log, string error);
}

using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Configuration;
using AnycastVip.Vipd.Supervision;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd;

/// <summary>The process behind <c>vipd run</c>: the supervisor of the node's processes.</summary>
internal static partial class RunProcess
{
    // In the order of their start; they stop in the reverse one.
    private static (string Name, TimeSpan StopBound)[] ChildrenOf(NodeConfiguration configuration) =>
    [
        ("speaker", TimeSpan.FromSeconds(10)),
        ("proxy", TimeSpan.FromSeconds(15)),
        // It drains the node within the configured time; the rest is for what is not a drain.
        ("gate", configuration.Gate.StopTimeout + TimeSpan.FromSeconds(5)),
    ];

    /// <summary>Runs until the host says stop and every process has ended.</summary>
    /// <returns><see cref="ExitCode.Ok"/> when all ended in order and in time.</returns>
    public static async Task<int> RunAsync(NodeConfiguration configuration, ProcessHost host)
    {
        using var loggers = NodeLog.Create();
        var log = loggers.CreateLogger("vipd");
        IDisposable held;
        try
        {
            held = RunLock.Take(configuration.ApiDirectory);
        }
        catch (IOException error)
        {
            LogCannotStart(log, error.Message);
            return ExitCode.Failed;
        }
        using (held)
        {
            var children = ChildrenOf(configuration)
                .Select(child => Command(child.Name, child.StopBound, configuration, host)).ToList();
            var notifier = SystemdNotifier.FromEnvironment(log);
            var supervisor = new Supervisor(children, new RestartPolicy(), notifier, TimeProvider.System, log);
            return await supervisor.RunAsync(host) ? ExitCode.Ok : ExitCode.Failed;
        }
    }

    private static ChildCommand Command(
        string name, TimeSpan stopBound, NodeConfiguration configuration, ProcessHost host)
    {
        var program = Environment.ProcessPath!;
        // Started as `dotnet vipd.dll run`, this program is the runtime's.
        string[] assembly = Path.GetFileName(program) == "dotnet"
            ? [Path.Combine(AppContext.BaseDirectory, "vipd.dll")]
            : [];
        return new ChildCommand
        {
            Name = name,
            File = program,
            Arguments = [.. assembly, name, "--config", host.ConfigurationPath],
            Socket = Path.Combine(configuration.ApiDirectory, $"{name}.sock"),
            StopBound = stopBound,
            ReplaceArguments = name == "proxy" ? ["--replace"] : null,
            // The gate would drain first. The speaker has no successor and must withdraw.
            LeaveSignal = name == "gate" ? SignalNumber.SIGQUIT : SignalNumber.SIGTERM,
        };
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "cannot start: {Error}")]
    private static partial void LogCannotStart(ILogger log, string error);
}

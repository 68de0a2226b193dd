using AnycastVip.Vipd.Commands;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd.Supervision;

/// <summary>Starts the processes of a node, keeps them running, and stops them in the reverse order.</summary>
/// <param name="children">In the order of their start.</param>
/// <param name="policy">When a process that ended is started again.</param>
/// <param name="notifier">Is told how far it is.</param>
/// <param name="clock">Measures uptimes and bounds.</param>
/// <param name="log">Takes what happens to the processes.</param>
internal sealed partial class Supervisor(
    IReadOnlyList<ChildCommand> children,
    RestartPolicy policy,
    SystemdNotifier notifier,
    TimeProvider clock,
    ILogger log)
{
    /// <summary>How long processes may take that leave at once.</summary>
    private static readonly TimeSpan LeaveBound = TimeSpan.FromSeconds(5);

    private volatile bool _isReady;

    /// <summary>Runs until the host says stop and every process has ended.</summary>
    /// <returns>Whether all were running, and ended in order and in time.</returns>
    public async Task<bool> RunAsync(ProcessHost host)
    {
        using var starter = new ProcessStarter();
        var keepers = children.Select(child => new ChildKeeper(child, starter, policy, clock, log)).ToList();
        var ready = TellReadyAsync(host.Stop);
        var replacing = ReplaceAsync(keepers, host);
        await host.WaitForStopAsync(() => ReloadAsync(keepers));
        await Task.WhenAll(ready, replacing);
        notifier.Stopping();
        return host.Leave.IsCancellationRequested ? await LeaveAsync(keepers) : await StopAsync(keepers);
    }

    private async Task TellReadyAsync(CancellationToken stop)
    {
        try
        {
            await Readiness.WaitAsync(children.Select(child => child.Socket).OfType<string>(), clock, stop);
            _isReady = true;
            notifier.Ready();
            LogReady();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before it was ready: that is told instead.
        }
    }

    private static async Task ReplaceAsync(List<ChildKeeper> keepers, ProcessHost host)
    {
        try
        {
            await foreach (var _ in host.Replacements.ReadAllAsync(host.Stop))
                keepers.ForEach(keeper => keeper.Replace());
        }
        catch (OperationCanceledException) when (host.Stop.IsCancellationRequested)
        {
            // Nothing is replaced while all ends.
        }
    }

    private Task ReloadAsync(List<ChildKeeper> keepers)
    {
        LogReload();
        if (_isReady)
            notifier.Reloading();
        keepers.ForEach(keeper => keeper.Reload());
        // Each process reports its own reload; nothing is left to do here.
        if (_isReady)
            notifier.Ready();
        return Task.CompletedTask;
    }

    private async Task<bool> StopAsync(List<ChildKeeper> keepers)
    {
        var inOrder = true;
        foreach (var (child, keeper) in children.Zip(keepers).Reverse())
            inOrder &= await keeper.StopAsync(new StopOrder(SignalNumber.SIGTERM, child.StopBound));
        return inOrder;
    }

    private async Task<bool> LeaveAsync(List<ChildKeeper> keepers)
    {
        var ends = await Task.WhenAll(children.Zip(
            keepers, (child, keeper) => keeper.StopAsync(new StopOrder(child.LeaveSignal, LeaveBound))));
        return ends.All(inOrder => inOrder);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "all processes answer on their sockets")]
    private partial void LogReady();

    [LoggerMessage(Level = LogLevel.Information, Message = "SIGHUP: all processes are told to reload")]
    private partial void LogReload();
}

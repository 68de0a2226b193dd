using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd.Supervision;

/// <summary>Keeps one process running until it is told to stop it.</summary>
internal sealed partial class ChildKeeper
{
    // A process that a signal ended has this much more than the signal as its exit code.
    private const int SignalExit = 128;

    private readonly ChildCommand _command;
    private readonly ProcessStarter _starter;
    private readonly RestartPolicy _policy;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly TaskCompletionSource<StopOrder> _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<bool> _kept;
    private volatile int _pid;

    /// <summary>Starts the process.</summary>
    public ChildKeeper(
        ChildCommand command, ProcessStarter starter, RestartPolicy policy, TimeProvider clock, ILogger log)
    {
        _command = command;
        _starter = starter;
        _policy = policy;
        _clock = clock;
        _log = log;
        _kept = KeepAsync();
    }

    /// <summary>
    /// Asks the process to read its configuration again. One that is too young to know SIGHUP ends by it, and its
    /// successor reads the same file.
    /// </summary>
    public void Reload()
    {
        if (_pid is not 0 and var process)
            Signal.Send(process, SignalNumber.SIGHUP);
    }

    /// <summary>Ends the process for good.</summary>
    /// <param name="order">How; the first order counts.</param>
    /// <returns>Whether it ran, and ended in order and in time.</returns>
    public Task<bool> StopAsync(StopOrder order)
    {
        _stop.TrySetResult(order);
        return _kept;
    }

    private async Task<bool> KeepAsync()
    {
        var delay = TimeSpan.Zero;
        while (true)
        {
            var started = _clock.GetTimestamp();
            if (await RunOnceAsync() is { } inOrder)
                return inOrder;
            delay = _policy.Next(delay, _clock.GetElapsedTime(started));
            LogRestart(_command.Name, (long)delay.TotalMilliseconds);
            if (await IsStoppedWithinAsync(delay))
                return false;
        }
    }

    /// <summary>Runs the process to its end: null when it ended by itself, else whether it stopped in order.</summary>
    private async Task<bool?> RunOnceAsync()
    {
        using var process = await StartAsync();
        if (process is null)
            return null;
        LogStarted(_command.Name, process.Id);
        _pid = process.Id;
        var exit = process.WaitForExitAsync();
        bool? inOrder = null;
        if (await Task.WhenAny(exit, _stop.Task) == _stop.Task)
            inOrder = await StopAsync(process, exit, await _stop.Task);
        await exit;
        _pid = 0;
        // What it left behind would hold its sockets; the kernel gives its id away again only after all others.
        Signal.SendToGroup(process.Id, SignalNumber.SIGKILL);
        LogEnded(_command.Name, process.Id, Describe(process.ExitCode));
        return inOrder;
    }

    private async Task<Process?> StartAsync()
    {
        var start = new ProcessStartInfo(_command.File, _command.Arguments);
        start.Environment[ParentBond.Variable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        try
        {
            return await _starter.StartAsync(start);
        }
        catch (Win32Exception error)
        {
            LogNotStarted(_command.Name, error.Message);
            return null;
        }
    }

    private async Task<bool> StopAsync(Process process, Task exit, StopOrder order)
    {
        LogStopping(_command.Name, order.Signal);
        Signal.Send(process.Id, order.Signal);
        try
        {
            await exit.WaitAsync(order.Bound, _clock);
            // One that does not handle the signal yet has nothing to put in order.
            return process.ExitCode == 0 || process.ExitCode == SignalExit + (int)order.Signal;
        }
        catch (TimeoutException)
        {
            LogKilled(_command.Name, order.Bound.TotalSeconds);
            Signal.Send(process.Id, SignalNumber.SIGKILL);
            return false;
        }
    }

    private async Task<bool> IsStoppedWithinAsync(TimeSpan time)
    {
        try
        {
            await _stop.Task.WaitAsync(time, _clock);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static string Describe(int exitCode) =>
        exitCode > SignalExit ? $"signal {exitCode - SignalExit}" : $"exit code {exitCode}";

    [LoggerMessage(Level = LogLevel.Information, Message = "{Name}: started (pid {Pid})")]
    private partial void LogStarted(string name, int pid);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Name}: cannot be started: {Error}")]
    private partial void LogNotStarted(string name, string error);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Name}: ended (pid {Pid}) with {How}")]
    private partial void LogEnded(string name, int pid, string how);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Name}: restart in {Milliseconds} ms")]
    private partial void LogRestart(string name, long milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Name}: is told to end ({Signal})")]
    private partial void LogStopping(string name, SignalNumber signal);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Name}: has not ended within {Seconds} s and is killed")]
    private partial void LogKilled(string name, double seconds);
}

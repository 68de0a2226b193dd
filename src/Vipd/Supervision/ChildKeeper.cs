using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using AnycastVip.Rpc;
using AnycastVip.Vipd.Commands;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd.Supervision;

/// <summary>
/// Keeps one process running until it is told to stop it. Another one may replace it: then both run until the older
/// one has ended by itself.
/// </summary>
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
    private readonly Channel<ReplaceOrder> _replacements = Channel.CreateBounded<ReplaceOrder>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task<bool> _kept;
    // Of the loop, oldest first.
    private readonly List<Child> _children = [];
    private volatile int[] _pids = [];

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
        foreach (var process in _pids)
            Signal.Send(process, SignalNumber.SIGHUP);
    }

    /// <summary>Starts another process that takes over from the one that runs, if the program can do that.</summary>
    public void Replace()
    {
        if (_command.ReplaceArguments is not null)
            _replacements.Writer.TryWrite(default);
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
            if (await StartAsync([]))
                await WatchAsync();
            if (_stop.Task.IsCompleted)
                return await StopAllAsync(await _stop.Task);
            delay = _policy.Next(delay, _clock.GetElapsedTime(started));
            LogRestart(_command.Name, (long)delay.TotalMilliseconds);
            if (await IsStoppedWithinAsync(delay))
            {
                await StopAllAsync(await _stop.Task);
                return false;
            }
        }
    }

    /// <summary>Ends with the order to stop, or when no process is in charge any more.</summary>
    private async Task WatchAsync()
    {
        var replacement = _replacements.Reader.WaitToReadAsync().AsTask();
        while (_children.Count > 0)
        {
            await Task.WhenAny([_stop.Task, replacement, .. _children.Select(child => child.Exit)]);
            if (TakeEnds() && !IsOneInCharge() || _stop.Task.IsCompleted)
                return;
            if (replacement.IsCompleted && _replacements.Reader.TryRead(out _))
            {
                LogReplacing(_command.Name);
                NoteWhoServes();
                await StartAsync(_command.ReplaceArguments!);
                replacement = _replacements.Reader.WaitToReadAsync().AsTask();
            }
        }
    }

    private async Task<bool> StartAsync(IReadOnlyList<string> moreArguments)
    {
        var start = new ProcessStartInfo(_command.File, [.. _command.Arguments, .. moreArguments]);
        start.Environment[ParentBond.Variable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        try
        {
            var process = await _starter.StartAsync(start);
            _children.Add(new(process));
            NotePids();
            // Not before: whoever reads it may send a reload, which goes to those that are noted.
            LogStarted(_command.Name, process.Id);
            return true;
        }
        catch (Win32Exception error)
        {
            LogNotStarted(_command.Name, error.Message);
            return false;
        }
    }

    private bool TakeEnds()
    {
        var ended = _children.Where(child => child.Exit.IsCompleted).ToList();
        ended.ForEach(End);
        return ended.Count > 0;
    }

    private void End(Child child)
    {
        _children.Remove(child);
        NotePids();
        // What it left behind would hold its sockets; the kernel gives its id away again only after all others.
        Signal.SendToGroup(child.Process.Id, SignalNumber.SIGKILL);
        LogEnded(_command.Name, child.Process.Id, Describe(child.Process.ExitCode));
        child.Process.Dispose();
    }

    // Of several the one that listens is. Who has not listened yet is about to.
    private bool IsOneInCharge()
    {
        var listener = Listener();
        return _children.Exists(child => !child.HasServed || child.Process.Id == listener);
    }

    // Whoever listens when another one is to take over has nothing to wait for when that has ended.
    private void NoteWhoServes()
    {
        var listener = Listener();
        foreach (var child in _children)
            child.HasServed |= child.Process.Id == listener;
    }

    private int? Listener() => _command.Socket is { } path ? PeerCredentials.ListenerOf(path) : null;

    private void NotePids() => _pids = [.. _children.Select(child => child.Process.Id)];

    private async Task<bool> StopAllAsync(StopOrder order)
    {
        var children = _children.ToList();
        var inOrder = await Task.WhenAll(children.Select(child => StopAsync(child, order)));
        children.ForEach(End);
        return children.Count > 0 && inOrder.All(each => each);
    }

    private async Task<bool> StopAsync(Child child, StopOrder order)
    {
        LogStopping(_command.Name, order.Signal);
        Signal.Send(child.Process.Id, order.Signal);
        try
        {
            await child.Exit.WaitAsync(order.Bound, _clock);
            // One that does not handle the signal yet has nothing to put in order.
            return child.Process.ExitCode == 0 || child.Process.ExitCode == SignalExit + (int)order.Signal;
        }
        catch (TimeoutException)
        {
            LogKilled(_command.Name, order.Bound.TotalSeconds);
            Signal.Send(child.Process.Id, SignalNumber.SIGKILL);
            await child.Exit;
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

    private sealed class Child(Process process)
    {
        public Process Process => process;

        public Task Exit { get; } = process.WaitForExitAsync();

        /// <summary>It was in charge before another one was started.</summary>
        public bool HasServed { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Name}: started (pid {Pid})")]
    private partial void LogStarted(string name, int pid);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Name}: another process is to take over")]
    private partial void LogReplacing(string name);

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

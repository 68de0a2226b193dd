using System.Collections.Concurrent;
using System.Diagnostics;

namespace AnycastVip.Vipd.Supervision;

/// <summary>
/// Starts all processes on one thread, which lives until this is disposed: the kernel takes the end of the thread that
/// forked for the parent's death (PR_SET_PDEATHSIG, prctl(2)), and threads of the pool come and go.
/// </summary>
internal sealed class ProcessStarter : IDisposable
{
    private readonly BlockingCollection<Action> _orders = [];
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    public ProcessStarter()
    {
        _thread = new Thread(Work) { IsBackground = true, Name = "process starter" };
        _thread.Start();
    }

    /// <summary>Starts a process.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public Task<Process> StartAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _orders.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)
                    ?? throw new UnreachableException("a new process is always started"));
            }
            catch (Exception error)
            {
                started.SetException(error);
            }
        });
        return started.Task;
    }

    /// <summary>Ends the thread, and with it every process that still runs and is tied to it.</summary>
    public void Dispose()
    {
        _orders.CompleteAdding();
        _thread.Join();
        _orders.Dispose();
    }

    private void Work()
    {
        foreach (var order in _orders.GetConsumingEnumerable())
            order();
    }
}

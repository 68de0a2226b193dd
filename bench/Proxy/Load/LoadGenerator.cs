using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>Clients and backend on one thread, bound to a core.</summary>
internal sealed partial class LoadGenerator : IDisposable
{
    private const int TurnMilliseconds = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly EventPump _pump = new();
    private readonly int _core;

    public LoadGenerator(int core, IPEndPoint backend)
    {
        _core = core;
        _ = new Backend(_pump, backend);
        OwnSockets = _pump.Watched;
    }

    private int OwnSockets { get; }

    /// <summary>Runs on a thread of its own, bound to the load's core.</summary>
    public Task<T> RunAsync<T>(Func<T> action)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                var mask = 1UL << _core;
                EventPump.Check(SetAffinity(0, sizeof(ulong), mask), "sched_setaffinity");
                result.SetResult(action());
            }
            catch (Exception error)
            {
                result.SetException(error);
            }
        });
        thread.Start();
        return result.Task;
    }

    /// <summary>Serves clients and backend until a time has passed or something has come about.</summary>
    /// <returns>Whether it has come about.</returns>
    public bool Turn(TimeSpan span, IReadOnlyList<Workload> workloads, Func<bool>? until = null)
    {
        var isTimed = workloads.Any(workload => workload.IsTimed);
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < span;)
        {
            foreach (var workload in workloads)
                workload.Turn();
            _pump.Turn(isTimed ? 0 : TurnMilliseconds);
            if (until?.Invoke() == true)
                return true;
        }
        return false;
    }

    /// <summary>Begins a workload.</summary>
    public void Start(Workload workload, IPEndPoint target) => workload.Start(_pump, target);

    /// <summary>Ends workloads, and waits until the proxy has let go of their connections.</summary>
    public void Stop(params Workload[] workloads)
    {
        foreach (var workload in workloads)
            workload.Stop();
        if (!Turn(Patience, [], () => _pump.Watched == OwnSockets))
            throw new TimeoutException($"the backend still holds {_pump.Watched - OwnSockets} connections");
    }

    public void Dispose() => _pump.Dispose();

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nuint size, in ulong mask);
}

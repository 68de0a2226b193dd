using System.Diagnostics;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>
/// Requests at a fixed rate, whether or not the ones before are answered. Each is timed from when it was due, so that a
/// stall is seen in all that it held up.
/// </summary>
internal sealed class SteadyRate(int connections, int perSecond) : Workload
{
    // Longer than any run.
    private static readonly int Room = 60;

    private readonly long _interval = Stopwatch.Frequency / perSecond;
    private readonly long[] _latencies = new long[Room * perSecond];
    private readonly List<int> _sockets = [];
    private readonly Queue<long>[] _due = new Queue<long>[EventPump.MaximumDescriptors];
    private int _measured;
    private int _turn;
    private long _next;

    public override ReadOnlySpan<long> Latencies => _latencies.AsSpan(0, _measured);

    public override bool IsTimed => true;

    public override void Reset()
    {
        base.Reset();
        _measured = 0;
    }

    public override void Turn()
    {
        for (var now = Stopwatch.GetTimestamp(); _next <= now; _next += _interval)
        {
            var fd = _sockets[_turn++ % _sockets.Count];
            if (TrySend(fd))
                _due[fd].Enqueue(_next);
            else
                Failed++;
        }
    }

    public override void OnEvent(int fd, Readiness readiness)
    {
        var received = Pump.Receive(fd);
        var now = Stopwatch.GetTimestamp();
        for (; received > 0; received -= Backend.MessageSize)
        {
            _latencies[_measured++] = now - _due[fd].Dequeue();
            Done++;
        }
    }

    protected override void OpenAll()
    {
        for (var i = 0; i < connections; i++)
        {
            var fd = Open();
            _sockets.Add(fd);
            _due[fd] = new(capacity: 1024);
        }
        // Connections come into being first.
        _next = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 4;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace AnycastVip.Bench.Node;

/// <summary>New connections to a VIP at a steady rate, one request each.</summary>
internal sealed class ClientLoad : IAsyncDisposable
{
    private static readonly byte[] Request = "GET / HTTP/1.0\r\n\r\n"u8.ToArray();
    // A client that got no answer by then counts as failed.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentQueue<long> _failures = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _target;
    private readonly IPEndPoint _source;
    private readonly Task _running;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private int _connections;

    public ClientLoad(IPEndPoint target, IPAddress source, int perSecond)
    {
        (_target, _source) = (target, new IPEndPoint(source, 0));
        _running = RunAsync(TimeSpan.FromSeconds(1) / perSecond);
    }

    /// <summary>What was reached so far.</summary>
    public double PerSecond => _connections / Stopwatch.GetElapsedTime(_startedAt).TotalSeconds;

    /// <summary>
    /// Just before the first connect() that began in a span and led to no answer; null: there was none. What is older
    /// is forgotten.
    /// </summary>
    public long? FirstFailure(long from, long to)
    {
        long? first = null;
        while (_failures.TryDequeue(out var began))
        {
            if (began >= from && began <= to && !(began >= first))
                first = began;
        }
        return first;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(TimeSpan interval)
    {
        var start = Stopwatch.GetTimestamp();
        // Timers count whole milliseconds: what a tick is late is made up for by the next ones.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            while (_connections * interval <= Stopwatch.GetElapsedTime(start))
            {
                _connections++;
                _ = ConnectAsync();
            }
        }
    }

    private async Task ConnectAsync()
    {
        var at = Stopwatch.GetTimestamp();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(Patience);
            socket.Bind(_source);
            await socket.ConnectAsync(_target, patience.Token);
            await socket.SendAsync(Request, patience.Token);
            if (await socket.ReceiveAsync(new byte[256], patience.Token) == 0)
                _failures.Enqueue(at);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            _failures.Enqueue(at);
        }
    }
}

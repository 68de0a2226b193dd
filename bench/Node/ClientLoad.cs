using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace AnycastVip.Bench.Node;

/// <summary>New connections to a VIP at a steady rate, one request each.</summary>
internal sealed class ClientLoad : IAsyncDisposable
{
    private static readonly byte[] Request = "GET / HTTP/1.0\r\n\r\n"u8.ToArray();
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _target;
    private readonly IPEndPoint _source;
    private readonly Task _running;
    private long _firstAt;

    public ClientLoad(IPEndPoint target, IPAddress source, int perSecond)
    {
        (_target, _source) = (target, new IPEndPoint(source, 0));
        _running = RunAsync(TimeSpan.FromSeconds(1) / perSecond);
    }

    /// <summary>The timestamp (<see cref="Stopwatch"/>) just before the first connect(); before that, now.</summary>
    public long FirstAt => Volatile.Read(ref _firstAt) is not 0 and var at ? at : Stopwatch.GetTimestamp();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(TimeSpan interval)
    {
        // Timers count whole milliseconds: what a tick is late is made up for by the next ones.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        var (start, connections) = (Stopwatch.GetTimestamp(), 0);
        while (await timer.WaitForNextTickAsync(_stop.Token))
        {
            for (; connections * interval <= Stopwatch.GetElapsedTime(start); connections++)
                _ = ConnectAsync();
        }
    }

    private async Task ConnectAsync()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(Patience);
            socket.Bind(_source);
            Interlocked.CompareExchange(ref _firstAt, Stopwatch.GetTimestamp(), 0);
            await socket.ConnectAsync(_target, patience.Token);
            await socket.SendAsync(Request, patience.Token);
            await socket.ReceiveAsync(new byte[256], patience.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // While there is no backend that is how it ends.
        }
    }
}

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
    private long _refusedAt;

    public ClientLoad(IPEndPoint target, IPAddress source, int perSecond)
    {
        (_target, _source) = (target, new IPEndPoint(source, 0));
        _running = RunAsync(TimeSpan.FromSeconds(1) / perSecond);
    }

    /// <summary>
    /// The timestamp (<see cref="Stopwatch"/>) just before the connect() of the first client that was refused; null
    /// while there is none. A client whose backend port lies in TIME_WAIT is not refused yet: it waits.
    /// </summary>
    public long? RefusedAt => Volatile.Read(ref _refusedAt) is not 0 and var at ? at : null;

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
        var (at, isAnswered) = (0L, false);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(Patience);
            socket.Bind(_source);
            at = Stopwatch.GetTimestamp();
            await socket.ConnectAsync(_target, patience.Token);
            await socket.SendAsync(Request, patience.Token);
            isAnswered = await socket.ReceiveAsync(new byte[256], patience.Token) > 0;
        }
        catch (OperationCanceledException)
        {
            return;
        }
        catch (SocketException)
        {
            // While there is no backend that is how it ends.
        }
        if (!isAnswered)
            Interlocked.CompareExchange(ref _refusedAt, at, 0);
    }
}

using System.Net;
using System.Net.Sockets;

namespace AnycastVip.Bench;

/// <summary>Backends on loopback that answer every request with an empty 200, and close.</summary>
internal sealed class CheckTargets : IAsyncDisposable
{
    private static readonly byte[] Answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"u8.ToArray();

    private readonly CancellationTokenSource _stop = new();
    private readonly Socket[] _listeners;
    private readonly Task[] _serving;

    /// <param name="ports">One for each; 0: any that is free.</param>
    public CheckTargets(IEnumerable<int> ports)
    {
        _listeners = [.. ports.Select(Listen)];
        _serving = [.. _listeners.Select(AcceptAsync)];
    }

    public IEnumerable<int> Ports => _listeners.Select(listener => ((IPEndPoint)listener.LocalEndPoint!).Port);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var listener in _listeners)
            listener.Dispose();
        await Task.WhenAll(_serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static Socket Listen(int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen();
        return listener;
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
            _ = ServeAsync(await listener.AcceptAsync(_stop.Token));
    }

    private async Task ServeAsync(Socket socket)
    {
        using var _ = socket;
        try
        {
            if (await socket.ReceiveAsync(new byte[4096], _stop.Token) > 0)
                await socket.SendAsync(Answer, _stop.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // A TCP check resets its connection.
        }
    }
}

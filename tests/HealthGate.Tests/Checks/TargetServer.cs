using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AnycastVip.HealthGate.Tests.Checks;

/// <summary>A server on loopback that treats each connection as the test says.</summary>
internal sealed class TargetServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private int _connections;

    public TargetServer(Func<NetworkStream, CancellationToken, Task> serve, IPAddress? address = null)
    {
        _listener = new(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        _serving = ServeAsync(serve);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>The last request's head.</summary>
    public string Request { get; private set; } = "";

    /// <summary>Answers a request with the text and, if told so, does not close the connection.</summary>
    public static TargetServer Answering(string answer, IPAddress? address = null, bool stays = false)
    {
        TargetServer? server = null;
        return server = new(async (stream, stop) =>
        {
            var head = new byte[4096];
            var length = await stream.ReadAsync(head, stop);
            server!.Request = Encoding.ASCII.GetString(head, 0, length);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), stop);
            if (stays)
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        }, address);
    }

    /// <summary>An address where nothing listens.</summary>
    public static IPEndPoint Refusing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task ServeAsync(Func<NetworkStream, CancellationToken, Task> serve)
    {
        while (true)
        {
            using var socket = await _listener.AcceptSocketAsync(_stop.Token);
            Interlocked.Increment(ref _connections);
            await using var stream = new NetworkStream(socket);
            await serve(stream, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

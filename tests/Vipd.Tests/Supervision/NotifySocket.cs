using System.Net.Sockets;
using System.Text;

namespace AnycastVip.Vipd.Tests.Supervision;

/// <summary>systemd's end of NOTIFY_SOCKET.</summary>
internal sealed class NotifySocket : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public NotifySocket(string path) => _socket.Bind(new UnixDomainSocketEndPoint(path));

    /// <summary>Whether nothing waits to be received.</summary>
    public bool IsEmpty => _socket.Available == 0;

    /// <summary>The next datagram.</summary>
    public async Task<string> ReceiveAsync()
    {
        var buffer = new byte[4096];
        var length = await _socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken)
            .AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    public void Dispose() => _socket.Dispose();
}

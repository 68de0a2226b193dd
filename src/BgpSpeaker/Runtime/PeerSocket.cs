using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>
/// One TCP connection of a peer. Its runner alone reads and writes it, so that it can empty the socket before it
/// judges a timer, and so that no two writers interleave.
/// </summary>
internal sealed class PeerSocket : IDisposable
{
    // Small enough that a KEEPALIVE never queues behind more than this, large enough for four full UPDATEs.
    private const int WriteBufferSize = 16 * 1024;
    private const int KeepaliveIdleSeconds = 15;
    private const int KeepaliveIntervalSeconds = 5;
    private const int KeepaliveProbes = 3;

    /// <summary>How long a closing connection may take to hand over its last octets and see the peer's FIN.</summary>
    public static readonly TimeSpan LingerBound = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly byte[] _writeBuffer = new byte[WriteBufferSize];

    public PeerSocket(ConnectionId id, Socket socket, LocalEnd local)
    {
        Id = id;
        Local = local;
        _socket = socket;
        _socket.Blocking = false;
        _socket.NoDelay = true;
        // With a hold time of zero nothing else finds out that the peer has forgotten the connection, and until then
        // each new one of its is refused (RFC 4271 section 6.8).
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepaliveIdleSeconds);
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepaliveIntervalSeconds);
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepaliveProbes);
    }

    public ConnectionId Id { get; }

    public LocalEnd Local { get; }

    /// <summary>Where the runner puts what is to be written next.</summary>
    public Span<byte> WriteBuffer => _writeBuffer;

    /// <summary>True while octets wait for the kernel to take them; nothing else may be written.</summary>
    public bool WriteInFlight { get; set; }

    /// <summary>The session machine has let this connection go: it closes once the last octets are out.</summary>
    public bool Closing { get; set; }

    /// <summary>All octets that the kernel has taken since the connection began.</summary>
    public long WrittenOctets { get; set; }

    /// <summary>All octets that the peer's TCP has acknowledged since the connection began.</summary>
    public long AcknowledgedOctets => WrittenOctets - TcpOptions.UnacknowledgedOctets(_socket);

    /// <summary>
    /// Reads what has arrived, without waiting. 0 with <see cref="SocketError.Success"/>: the peer closed its side;
    /// <see cref="SocketError.WouldBlock"/>: nothing is there.
    /// </summary>
    public int Read(Span<byte> buffer, out SocketError error) =>
        _socket.Receive(buffer, SocketFlags.None, out error);

    /// <summary>Completes when there is something to read, or the connection has ended.</summary>
    public async Task WhenReadableAsync()
    {
        try
        {
            await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The read that follows reports it.
        }
    }

    /// <summary>Writes the first octets of <see cref="WriteBuffer"/>; completes when the kernel has them all.</summary>
    public async ValueTask<SocketError> WriteAsync(int count)
    {
        try
        {
            await _socket.SendAsync(_writeBuffer.AsMemory(0, count), SocketFlags.None);
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    /// <summary>Ends the connection with a FIN, and waits within a bound for the peer's.</summary>
    /// <remarks>
    /// A close with unread octets would send RST, which may destroy the NOTIFICATION in the peer's receive buffer.
    /// </remarks>
    public async Task CloseGracefullyAsync(TimeProvider clock)
    {
        using var bound = new CancellationTokenSource(LingerBound, clock);
        var sink = new byte[4096];
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            while (await _socket.ReceiveAsync(sink, SocketFlags.None, bound.Token) > 0)
            {
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The peer was faster, or slower than the bound: both end here.
        }
        Dispose();
    }

    /// <summary>Ends the connection with RST: nothing that is queued matters any more.</summary>
    public void Abort()
    {
        if (!_socket.SafeHandle.IsClosed)
            _socket.LingerState = new LingerOption(true, 0);
        Dispose();
    }

    public void Dispose() => _socket.Dispose();
}

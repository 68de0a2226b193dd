using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>Accepts connections on one address and hands each to the peer that it comes from.</summary>
internal sealed partial class PeerListener : IDisposable
{
    private const int Backlog = 128;
    private const int SentTtl = 255;
    private static readonly TimeSpan RetryAfterError = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly Func<IReadOnlyList<PeerRunner>> _peers;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Dictionary<IPAddress, string> _keys = [];
    private long _refused;

    /// <summary>Binds and listens.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="peers">Who may connect, asked for each connection.</param>
    /// <param name="clock">For waits.</param>
    /// <param name="log">For what goes wrong later.</param>
    /// <exception cref="SocketException">The address is taken, not ours, or needs a capability.</exception>
    public PeerListener(
        IPEndPoint endpoint, Func<IReadOnlyList<PeerRunner>> peers, TimeProvider clock, ILogger log)
    {
        _peers = peers;
        _clock = clock;
        _log = log;
        _socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint.AddressFamily == AddressFamily.InterNetworkV6)
                _socket.DualMode = false;
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            // A peer with GTSM drops our SYN-ACK unless it has the highest TTL (RFC 5082 section 3).
            TcpOptions.SetTtl(_socket, SentTtl);
            FollowKeys();
            _socket.Bind(endpoint);
            _socket.Listen(Backlog);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Where it listens; the real port where the configuration said 0.</summary>
    public IPEndPoint Endpoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Connections from addresses that are no peer's.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Takes over the TCP MD5 keys of the peers as they are now; touches what changed alone.</summary>
    /// <exception cref="SocketException">The kernel has no TCP_MD5SIG, or no room for the key.</exception>
    public void FollowKeys()
    {
        lock (_keys)
            FollowKeysLocked();
    }

    private void FollowKeysLocked()
    {
        var wanted = new Dictionary<IPAddress, string>();
        foreach (var peer in _peers())
        {
            if (peer.Options.Password is { } key && peer.CurrentAddress is { } address
                && address.AddressFamily == _socket.AddressFamily)
                wanted[address] = key;
        }
        foreach (var address in _keys.Keys.Where(address => !wanted.ContainsKey(address)).ToArray())
        {
            TcpOptions.SetMd5Key(_socket, address, null);
            _keys.Remove(address);
        }
        foreach (var (address, key) in wanted)
        {
            if (_keys.GetValueOrDefault(address) == key)
                continue;
            TcpOptions.SetMd5Key(_socket, address, key);
            _keys[address] = key;
        }
    }

    /// <summary>Accepts until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Dispatch(await _socket.AcceptAsync(stop));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException error)
            {
                // Out of descriptors, or a connection that died in the backlog: the listener itself lives on.
                LogAcceptFailed(_log, Endpoint, SocketErrorText.For(error.SocketErrorCode));
                await Task.Delay(RetryAfterError, _clock, CancellationToken.None);
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Dispatch(Socket socket)
    {
        if (socket.RemoteEndPoint is IPEndPoint remote)
        {
            foreach (var peer in _peers())
            {
                if (remote.Address.Equals(peer.CurrentAddress))
                {
                    peer.Accept(socket);
                    return;
                }
            }
            if (Interlocked.Increment(ref _refused) == 1)
                LogRefused(_log, remote.Address);
        }
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Endpoint}: accept failed: {Error}")]
    private static partial void LogAcceptFailed(ILogger log, IPEndPoint endpoint, string error);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "{Address} is no configured peer: refused (further ones are counted only)")]
    private static partial void LogRefused(ILogger log, IPAddress address);
}

using System.Net.Sockets;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Rpc;

/// <summary>How a client talks to a daemon.</summary>
public sealed record RpcChannelOptions
{
    /// <summary>Largest message taken or sent, in octets. A larger one ends its call with RESOURCE_EXHAUSTED.</summary>
    public int MaxMessageSize { get; init; } = RpcLimits.MaxMessageSize;

    /// <summary>While calls are open, a connection silent for this long is sent an HTTP/2 PING. At least 1 s.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = RpcLimits.KeepAlivePingDelay;

    /// <summary>A PING unanswered for this long ends the connection: so a hung daemon is found. At least 1 s.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = RpcLimits.KeepAlivePingTimeout;

    /// <summary>Takes the gRPC client's own log; none by default, for every failure reaches the caller.</summary>
    public ILoggerFactory? Loggers { get; init; }
}

/// <summary>Channels to the daemons of this node.</summary>
public static class RpcChannel
{
    /// <summary>
    /// A channel to the daemon on a Unix socket. It connects with the first call and again after every loss. A call
    /// made while nobody listens fails at once with UNAVAILABLE (see <see cref="RpcFailure"/>): connecting to a Unix
    /// socket never waits. Calls have no deadline of their own.
    /// </summary>
    public static GrpcChannel ForUnixSocket(string path, RpcChannelOptions? options = null)
    {
        options ??= new RpcChannelOptions();
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellation) => ConnectAsync(path, cancellation),
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            EnableMultipleHttp2Connections = true,
            // Nothing from the environment: a proxy variable must not divert a local socket.
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
        };
        // The address only names the authority; ConnectCallback decides where to.
        return GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = options.MaxMessageSize,
            MaxSendMessageSize = options.MaxMessageSize,
            LoggerFactory = options.Loggers,
        });
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

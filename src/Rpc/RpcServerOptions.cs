namespace AnycastVip.Rpc;

/// <summary>Where a daemon serves gRPC, and what its clients may cost it.</summary>
public sealed record RpcServerOptions
{
    /// <summary>The Unix socket's path, at most 106 octets of UTF-8. Its directory must exist.</summary>
    public required string SocketPath { get; init; }

    /// <summary>Who may connect: connecting needs write permission on the socket file.</summary>
    public UnixFileMode SocketMode { get; init; } =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>Largest message taken or sent, in octets. A larger one ends its call with RESOURCE_EXHAUSTED.</summary>
    public int MaxMessageSize { get; init; } = RpcLimits.MaxMessageSize;

    /// <summary>Connections held at once; further ones are closed as they are accepted.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>Calls open at once on one connection: SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113, 6.5.2).</summary>
    public int MaxStreamsPerConnection { get; init; } = 100;

    /// <summary>Octets of response held per connection for a client that does not read; then writes wait.</summary>
    public int MaxResponseBufferSize { get; init; } = 64 * 1024;

    /// <summary>A connection silent for this long is sent an HTTP/2 PING.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = RpcLimits.KeepAlivePingDelay;

    /// <summary>A PING unanswered for this long ends the connection.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = RpcLimits.KeepAlivePingTimeout;

    /// <summary>How long a stop waits for open calls to end; what is left is cut off.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>What both ends of a connection agree on by default.</summary>
internal static class RpcLimits
{
    public const int MaxMessageSize = 4 * 1024 * 1024;
    public static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
}

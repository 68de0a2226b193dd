using System.Net;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>Opens the sockets towards backends.</summary>
internal static class BackendSocket
{
    // A dead backend does not refuse a port on which a connection of before lies in TIME_WAIT: it answers for that one,
    // and the kernel sends the SYN again two ticks (8-20 ms) later. Another port is faster. Few: a backend with a full
    // backlog is silent too.
    private const int AttemptsAtOnce = 4;

    /// <summary>Sends the SYN.</summary>
    /// <param name="endpoint">Where to.</param>
    /// <param name="isConnected">Whether the answer is there already: a backend on this machine gives it before
    /// connect() returns.</param>
    /// <returns>The socket, connected or about to be; or -errno.</returns>
    public static int Connect(IPEndPoint endpoint, out bool isConnected)
    {
        isConnected = false;
        var name = SocketName.Of(endpoint);
        var isLocal = IPAddress.IsLoopback(endpoint.Address);
        var socket = Connect(name, isLocal);
        for (var attempt = 1; isLocal && socket >= 0; attempt++)
        {
            isConnected = Libc.IsWritable(socket, out var hasFailed);
            if (hasFailed)
            {
                var errno = Libc.TakeError(socket);
                Libc.CloseDescriptor(socket);
                return -errno;
            }
            if (isConnected || attempt == AttemptsAtOnce)
                break;
            Libc.CloseDescriptor(socket);
            socket = Connect(name, isLocal);
        }
        return socket;
    }

    private static int Connect(in SocketName name, bool isLocal)
    {
        var socket = Libc.OpenStream(name.Family);
        if (socket < 0)
            return socket;
        Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpNoDelay, 1);
        // A peer on this machine does not vanish: the kernel ends its connections with it.
        if (!isLocal)
            KeepAlive.Set(socket);
        var result = Libc.Connect(socket, name);
        if (result >= 0 || result == -Errno.InProgress)
            return socket;
        Libc.CloseDescriptor(socket);
        return result;
    }
}

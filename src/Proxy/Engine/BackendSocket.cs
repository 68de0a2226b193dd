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
    /// <returns>The socket, connected or about to be; or -errno.</returns>
    public static int Connect(IPEndPoint endpoint)
    {
        var name = SocketName.Of(endpoint);
        var socket = Connect(name);
        // From a backend on this machine the answer is there before connect() returns.
        for (var attempt = 1; attempt < AttemptsAtOnce && IsSilent(socket, endpoint); attempt++)
        {
            Libc.CloseDescriptor(socket);
            socket = Connect(name);
        }
        return socket;
    }

    private static bool IsSilent(int socket, IPEndPoint endpoint) =>
        socket >= 0 && IPAddress.IsLoopback(endpoint.Address) && !Libc.IsWritable(socket);

    private static int Connect(in SocketName name)
    {
        var socket = Libc.OpenStream(name.Family);
        if (socket < 0)
            return socket;
        Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpNoDelay, 1);
        KeepAlive.Set(socket);
        var result = Libc.Connect(socket, name);
        if (result >= 0 || result == -Errno.InProgress)
            return socket;
        Libc.CloseDescriptor(socket);
        return result;
    }
}

using System.Net;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>Opens the sockets of a listener.</summary>
internal static class ListenSockets
{
    // The kernel takes the lower of this and net.core.somaxconn.
    private const int MaximumBacklog = 65535;

    /// <summary>One socket for each loop, all on one endpoint; null with the reason when that cannot be.</summary>
    public static int[]? TryOpen(IPEndPoint endpoint, int count, out string reason, int backlog = MaximumBacklog)
    {
        var sockets = new List<int>(count);
        while (sockets.Count < count)
        {
            var result = OpenOne(endpoint, backlog, sockets);
            if (result >= 0)
                continue;
            sockets.ForEach(socket => Libc.CloseDescriptor(socket));
            reason = ReasonOf(-result);
            return null;
        }
        reason = "";
        return [.. sockets];
    }

    private static int OpenOne(IPEndPoint endpoint, int backlog, List<int> sockets)
    {
        var name = SocketName.Of(endpoint);
        var socket = Libc.OpenStream(name.Family);
        if (socket < 0)
            return socket;
        sockets.Add(socket);
        // SO_REUSEADDR: connections of an earlier process may still be in TIME_WAIT. SO_REUSEPORT: one socket per loop,
        // among which the kernel shares the connections out.
        var result = Libc.SetOption(socket, Libc.LevelSocket, Libc.ReuseAddress, 1);
        if (result >= 0)
            result = Libc.SetOption(socket, Libc.LevelSocket, Libc.ReusePort, 1);
        if (result >= 0 && name.Family == Libc.FamilyIPv6)
            result = Libc.SetOption(socket, Libc.LevelIPv6, Libc.IPv6Only, 1);
        // Accepted sockets inherit this and what follows: the relay has batched already whatever could be batched.
        if (result >= 0)
            result = Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpNoDelay, 1);
        if (result >= 0)
            result = KeepAlive.Set(socket);
        if (result >= 0)
            result = Libc.Bind(socket, name);
        return result < 0 ? result : Libc.StartListening(socket, backlog);
    }

    private static string ReasonOf(int errno) => errno switch
    {
        Errno.AddressInUse => "the port is taken by another process",
        Errno.AddressNotAvailable => "the address is not on this node",
        Errno.AccessDenied => "not permitted: ports below 1024 need CAP_NET_BIND_SERVICE",
        Errno.TooManyOpenFiles or Errno.TableFull => "no file descriptor is left: raise the limit",
        _ => $"the socket could not be opened (errno {errno})",
    };
}

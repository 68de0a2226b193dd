using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// TCP's keep-alive (RFC 9293, section 3.8.4), on both sides of every connection: a peer that has vanished without a
/// FIN or RST is found after a while of silence, and the connection ends with a reset to the other side. A peer that is
/// only idle answers, and is not disturbed.
/// </summary>
internal static class KeepAlive
{
    /// <summary>Sets the default on a socket; those accepted on a listening socket inherit it. 0 or -errno.</summary>
    public static int Set(int socket) => Set(socket, KeepAliveSpec.Default);

    /// <inheritdoc cref="Set(int)"/>
    public static int Set(int socket, KeepAliveSpec spec)
    {
        var result = Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpKeepAliveIdle, (int)spec.Idle.TotalSeconds);
        if (result >= 0)
            result = Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpKeepAliveInterval, (int)spec.Interval.TotalSeconds);
        if (result >= 0)
            result = Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpKeepAliveCount, spec.Probes);
        return result < 0 ? result : Libc.SetOption(socket, Libc.LevelSocket, Libc.KeepAlive, 1);
    }
}

using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// TCP's keep-alive (RFC 9293, section 3.8.4), on both sides of every connection: a peer that has vanished without a
/// FIN or RST is found after two minutes of silence, and the connection ends with a reset to the other side. A peer
/// that is only idle answers, and is not disturbed.
/// </summary>
internal static class KeepAlive
{
    private const int IdleSeconds = 60;
    private const int IntervalSeconds = 10;
    private const int Probes = 6;

    /// <summary>Sets it on a socket; those accepted on a listening socket inherit it. 0 or -errno.</summary>
    public static int Set(int socket)
    {
        var result = Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpKeepAliveIdle, IdleSeconds);
        if (result >= 0)
            result = Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpKeepAliveInterval, IntervalSeconds);
        if (result >= 0)
            result = Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpKeepAliveCount, Probes);
        return result < 0 ? result : Libc.SetOption(socket, Libc.LevelSocket, Libc.KeepAlive, 1);
    }
}

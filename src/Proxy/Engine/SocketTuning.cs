using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// What a listener asks of TCP, beyond what every socket of the proxy has. None of it is needed to carry octets, so a
/// kernel that refuses an option costs no connection.
/// </summary>
internal static class SocketTuning
{
    // How long the kernel keeps a connection back that has sent nothing; rounded up to a retransmission of its SYN-ACK.
    private const int DeferSeconds = 3;

    /// <summary>Tunes open listening sockets; what they accept from now on inherits it.</summary>
    public static void Tune(IEnumerable<int> listening, ListenerSpec spec)
    {
        foreach (var socket in listening)
        {
            KeepAlive.Set(socket, spec.KeepAlive ?? KeepAliveSpec.Default);
            SetUserTimeout(socket, spec.Timeouts.User ?? TimeSpan.Zero);
            Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpDeferAccept, spec.DefersAccept ? DeferSeconds : 0);
        }
    }

    /// <summary>Tunes a new socket towards a backend.</summary>
    public static void Tune(int backend, ListenerSpec spec)
    {
        if (spec.KeepAlive is { } keepAlive)
            KeepAlive.Set(backend, keepAlive);
        if (spec.Timeouts.User is { } time)
            SetUserTimeout(backend, time);
    }

    // 0: the kernel's own, which depends on the retransmissions that it makes.
    private static void SetUserTimeout(int socket, TimeSpan time) =>
        Libc.SetOption(socket, Libc.LevelTcp, Libc.TcpUserTimeout, (int)time.TotalMilliseconds);
}

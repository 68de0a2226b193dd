using System.Net.Sockets;

namespace AnycastVip.Vipd.Supervision;

/// <summary>Waits for processes to listen on their Unix sockets.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when each socket has accepted a connection.</summary>
    /// <exception cref="OperationCanceledException">That was not awaited.</exception>
    public static async Task WaitAsync(IEnumerable<string> paths, TimeProvider clock, CancellationToken cancellation)
    {
        foreach (var path in paths)
        {
            while (!Answers(path))
                await Task.Delay(Interval, clock, cancellation);
        }
    }

    private static bool Answers(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Connecting to a Unix socket does not wait for the other side.
            socket.Blocking = false;
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            // Nobody listens yet, or never will: the path is too long for a socket, as the process itself reports.
            return false;
        }
    }
}

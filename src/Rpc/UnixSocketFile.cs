using System.Net.Sockets;

namespace AnycastVip.Rpc;

/// <summary>Listening sockets at a path.</summary>
public static class UnixSocketFile
{
    private const string InTheMaking = "~";

    /// <summary>
    /// Makes a socket, which listens, and puts it in the place of whatever socket has the path: at no time is there a
    /// path on which nobody answers, or a mode that is too wide. The file outlives the socket.
    /// </summary>
    /// <param name="path">At most 106 octets of UTF-8; "~" is put behind it for a moment.</param>
    /// <param name="mode">Who may connect.</param>
    /// <exception cref="SocketException">It cannot be made.</exception>
    /// <exception cref="IOException">The same.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static Socket Listen(string path, UnixFileMode mode)
    {
        var making = path + InTheMaking;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(making);
            socket.Bind(new UnixDomainSocketEndPoint(making));
            File.SetUnixFileMode(making, mode);
            socket.Listen();
            File.Move(making, path, overwrite: true);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;

namespace AnycastVip.Rpc;

/// <summary>Who is on the other end of a Unix socket: SO_PEERCRED, unix(7).</summary>
public static class PeerCredentials
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    // struct ucred: pid, uid, gid.
    private const int UcredOctets = 12;
    private const int PidOffset = 0;
    private const int UidOffset = 4;

    /// <summary>The caller's user by name, or "uid N" where the system has no name for it.</summary>
    public static string UserOf(ServerCallContext context)
    {
        if (context.GetHttpContext().Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
            return "unknown";
        var uid = Read(socket, UidOffset);
        return NameOf(uid) ?? string.Create(CultureInfo.InvariantCulture, $"uid {uid}");
    }

    /// <summary>The process that listens on a Unix socket; null: none does, or it is not to be known.</summary>
    public static int? ListenerOf(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        return TryConnect(socket, path) == SocketError.Success ? (int)Read(socket, PidOffset) : null;
    }

    /// <summary>Whether a process listens on a Unix socket, be it hung, with a full backlog.</summary>
    public static bool IsListenedOn(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        return TryConnect(socket, path) is SocketError.Success or SocketError.WouldBlock;
    }

    private static SocketError TryConnect(Socket socket, string path)
    {
        try
        {
            // Connecting to a Unix socket does not wait for the other side.
            socket.Blocking = false;
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
        catch (ArgumentException)
        {
            // Longer than a socket's path may be, as the process itself reports.
            return SocketError.AddressNotAvailable;
        }
    }

    private static uint Read(Socket socket, int offset)
    {
        Span<byte> ucred = stackalloc byte[UcredOctets];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, ucred);
        return BitConverter.IsLittleEndian
            ? BinaryPrimitives.ReadUInt32LittleEndian(ucred[offset..])
            : BinaryPrimitives.ReadUInt32BigEndian(ucred[offset..]);
    }

    // passwd(5): "name:password:uid:…". Names from elsewhere (LDAP) stay numbers: a lookup could block.
    private static string? NameOf(uint uid)
    {
        try
        {
            var text = uid.ToString(CultureInfo.InvariantCulture);
            return File.ReadLines("/etc/passwd").Select(line => line.Split(':'))
                .FirstOrDefault(fields => fields.Length > 2 && fields[2] == text)?[0];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

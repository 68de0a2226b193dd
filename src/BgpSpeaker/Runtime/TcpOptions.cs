using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>The socket options of Linux that BGP needs and the framework has no name for.</summary>
internal static partial class TcpOptions
{
    private const int LevelIP = 0;
    private const int LevelTcp = 6;
    private const int LevelIPv6 = 41;
    private const int IPTtl = 2;
    private const int IPMinTtl = 21;
    private const int IPv6UnicastHops = 16;
    private const int IPv6MinHopCount = 73;
    private const int TcpMd5Sig = 14;
    private const nuint SiocOutQ = 0x5411;

    private const int SockAddrStorageSize = 128;
    private const int Md5KeyMaximum = 80;
    private const int Md5KeyLengthOffset = SockAddrStorageSize + 2;
    private const int Md5KeyOffset = SockAddrStorageSize + 8;

    /// <summary>
    /// Signs every segment to and from <paramref name="peer"/> with a TCP MD5 key (RFC 2385); on a listening socket
    /// for what that peer sends. Null removes the key.
    /// </summary>
    /// <exception cref="SocketException">The kernel has no TCP_MD5SIG, or the socket is of another family.</exception>
    public static void SetMd5Key(Socket socket, IPAddress peer, string? key)
    {
        // struct tcp_md5sig: sockaddr_storage; u8 flags, prefixlen; u16 keylen; int ifindex; u8 key[80].
        Span<byte> option = stackalloc byte[Md5KeyOffset + Md5KeyMaximum];
        option.Clear();
        var address = new IPEndPoint(peer, 0).Serialize();
        address.Buffer.Span[..address.Size].CopyTo(option);
        var keyLength = key is null ? 0 : Encoding.UTF8.GetBytes(key, option[Md5KeyOffset..]);
        if (BitConverter.IsLittleEndian)
            BinaryPrimitives.WriteUInt16LittleEndian(option[Md5KeyLengthOffset..], (ushort)keyLength);
        else
            BinaryPrimitives.WriteUInt16BigEndian(option[Md5KeyLengthOffset..], (ushort)keyLength);
        try
        {
            socket.SetRawSocketOption(LevelTcp, TcpMd5Sig, option);
        }
        catch (SocketException error) when (key is null && error.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            // There was no key to remove.
        }
    }

    /// <summary>Sets the TTL or hop limit of what we send: 1–255.</summary>
    public static void SetTtl(Socket socket, int ttl)
    {
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
            SetInt(socket, LevelIPv6, IPv6UnicastHops, ttl);
        else
            SetInt(socket, LevelIP, IPTtl, ttl);
    }

    /// <summary>Drops segments that arrive with a lower TTL or hop limit (GTSM, RFC 5082): 1–255.</summary>
    public static void SetMinimumTtl(Socket socket, int ttl)
    {
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
            SetInt(socket, LevelIPv6, IPv6MinHopCount, ttl);
        else
            SetInt(socket, LevelIP, IPMinTtl, ttl);
    }

    /// <summary>How many octets were written and are not acknowledged by the peer's TCP yet (SIOCOUTQ).</summary>
    public static int UnacknowledgedOctets(Socket socket) =>
        Ioctl(socket.SafeHandle, SiocOutQ, out var octets) == 0
            ? octets
            : throw new SocketException(Marshal.GetLastPInvokeError());

    private static void SetInt(Socket socket, int level, int name, int value) =>
        socket.SetRawSocketOption(level, name, BitConverter.GetBytes(value));

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeHandle socket, nuint request, out int value);
}

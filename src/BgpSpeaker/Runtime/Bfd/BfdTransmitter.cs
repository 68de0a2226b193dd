using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>The socket that one session sends from: its own source port, TTL 255 (RFC 5881 sections 4 and 5).</summary>
internal sealed class BfdTransmitter : IDisposable
{
    private const int LevelIP = 0;
    private const int LevelIPv6 = 41;
    private const int IPTos = 1;
    private const int IPv6TrafficClass = 67;

    // CS6, network control: as routers mark it, so that it is not queued behind data.
    private const int NetworkControl = 0xC0;
    private const int PortAttempts = 1024;

    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly SocketAddress _destination;

    private BfdTransmitter(Socket socket, IPEndPoint destination)
    {
        _socket = socket;
        _descriptor = (int)socket.Handle;
        _destination = destination.Serialize();
    }

    /// <summary>Opens a socket; null when that cannot be now, such as while the local address is not there.</summary>
    /// <param name="path">Where to send.</param>
    /// <param name="localDiscr">Chooses the source port.</param>
    public static BfdTransmitter? TryOpen(BfdPath path, uint localDiscr)
    {
        var isIPv6 = path.Remote.AddressFamily == AddressFamily.InterNetworkV6;
        var socket = new Socket(path.Remote.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            TcpOptions.SetTtl(socket, BfdPath.FullTtl);
            socket.SetRawSocketOption(
                isIPv6 ? LevelIPv6 : LevelIP, isIPv6 ? IPv6TrafficClass : IPTos, BitConverter.GetBytes(NetworkControl));
            Bind(socket, Scoped(path.Local ?? (isIPv6 ? IPAddress.IPv6Any : IPAddress.Any), path), localDiscr);
            return new BfdTransmitter(socket, new IPEndPoint(Scoped(path.Remote, path), path.Port));
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Sends one packet; false when the kernel refuses it, such as while the link is down.</summary>
    public bool Send(ReadOnlySpan<byte> packet) =>
        BfdKernel.Send(_descriptor, packet, _destination.Buffer.Span[.._destination.Size]) == packet.Length;

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static void Bind(Socket socket, IPAddress local, uint localDiscr)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                socket.Bind(new IPEndPoint(local, BfdPath.SourcePort(localDiscr, attempt)));
                return;
            }
            catch (SocketException error) when (
                error.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < PortAttempts)
            {
                // Another session, or another program, has that port.
            }
        }
    }

    // An interface that is not there has the index -1, which the kernel refuses.
    private static IPAddress Scoped(IPAddress address, BfdPath path) =>
        address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes(), (uint)path.Interface) : address;
}

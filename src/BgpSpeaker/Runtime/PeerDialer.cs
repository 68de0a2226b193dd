using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Peering;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>Makes sockets for one peer: dials it, and prepares those that it opened to us.</summary>
internal sealed class PeerDialer(PeerOptions peer)
{
    private const int MaximumTtl = 255;

    private IPAddress? _learned;

    /// <summary>
    /// The peer's address with the scope that its interface has now; null while an unnumbered peer is not known.
    /// </summary>
    public IPAddress? CurrentAddress => peer.IsUnnumbered ? Volatile.Read(ref _learned) : Scoped(peer.Address);

    /// <summary>An unnumbered peer is at this address, with its scope.</summary>
    public void Learn(IPAddress address) => Volatile.Write(ref _learned, address);

    /// <summary>Dials the peer.</summary>
    /// <param name="address">The peer's <see cref="CurrentAddress"/>.</param>
    /// <param name="cancel">Gives the dial up.</param>
    /// <exception cref="SocketException">It cannot be reached, or a socket option cannot be set.</exception>
    /// <exception cref="OperationCanceledException">The dial was given up.</exception>
    public async Task<Socket> DialAsync(IPAddress address, CancellationToken cancel)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            SetTtl(socket);
            if (peer.Password is { } password)
                TcpOptions.SetMd5Key(socket, address, password);
            if (peer.LocalAddress is { } local)
                socket.Bind(new IPEndPoint(Scoped(local), 0));
            await socket.ConnectAsync(new IPEndPoint(address, peer.Port), cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sets the TTL rules of this peer; on an accepted socket, as soon as it is known whose it is.</summary>
    public void SetTtl(Socket socket)
    {
        if (peer.TtlSecurityHops is { } hops)
        {
            // RFC 5082 section 3: send with 255, and take nothing that came further than it may.
            TcpOptions.SetTtl(socket, MaximumTtl);
            TcpOptions.SetMinimumTtl(socket, MaximumTtl - hops + 1);
        }
        else if (peer.Ttl is { } ttl)
        {
            TcpOptions.SetTtl(socket, ttl);
        }
        else if (peer.Session.IsExternal)
        {
            TcpOptions.SetTtl(socket, 1);
        }
    }

    /// <summary>Finds our end of a connection, and an address of either family on the same interface.</summary>
    public static LocalEnd DescribeLocalEnd(Socket socket)
    {
        var local = ((IPEndPoint)socket.LocalEndPoint!).Address;
        var remote = ((IPEndPoint)socket.RemoteEndPoint!).Address;
        var neighbours = InterfaceAddresses(local);
        return new LocalEnd(
            local, remote, Pick(local, neighbours, AddressFamily.InterNetwork),
            Pick(local, neighbours, AddressFamily.InterNetworkV6));
    }

    // RFC 2545 section 3: a next hop is a global address, a link-local one at most comes in addition.
    private static IPAddress? Pick(IPAddress local, IReadOnlyList<IPAddress> neighbours, AddressFamily family) =>
        local.AddressFamily == family && !local.IsIPv6LinkLocal
            ? local
            : neighbours.FirstOrDefault(address =>
                address.AddressFamily == family && !address.IsIPv6LinkLocal && !IPAddress.IsLoopback(address));

    private static List<IPAddress> InterfaceAddresses(IPAddress member)
    {
        foreach (var candidate in NetworkInterface.GetAllNetworkInterfaces())
        {
            var addresses = candidate.GetIPProperties().UnicastAddresses.Select(entry => entry.Address).ToList();
            // Whatever else is on lo (a VIP) is no address that the peer could forward to.
            if (addresses.Contains(member))
                return candidate.NetworkInterfaceType == NetworkInterfaceType.Loopback ? [] : addresses;
        }
        return [];
    }

    // Scope 0, of an interface that does not exist now, is refused by the kernel and matches nobody.
    private IPAddress Scoped(IPAddress address) =>
        peer.Interface is { } name && address.IsIPv6LinkLocal
            ? new IPAddress(address.GetAddressBytes(), InterfaceLink.IndexOf(name))
            : address;
}

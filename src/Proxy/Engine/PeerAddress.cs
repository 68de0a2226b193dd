using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// Address and port of a connection's other end, small enough for unmanaged memory. An IPv4 address stands as
/// ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2), which no IPv6 client has: a listener takes one family only.
/// </summary>
internal struct PeerAddress
{
    private const int IPv6Size = 16;

    private Octets _octets;

    public ushort Port { get; private set; }

    public readonly bool IsIPv4 => Mapped.StartsWith(MappedPrefix);

    /// <summary>All 16 octets, in network order.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Mapped => _octets;

    /// <summary>The address's own octets, in network order: 4 or 16.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Address => IsIPv4 ? Mapped[MappedPrefix.Length..] : Mapped;

    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    public static PeerAddress Of(in SocketName name) => Of(name.Address, name.Port);

    /// <param name="address">4 or 16 octets in network order.</param>
    /// <param name="port">The port.</param>
    public static PeerAddress Of(ReadOnlySpan<byte> address, ushort port)
    {
        PeerAddress peer = default;
        peer.Port = port;
        Span<byte> octets = peer._octets;
        if (address.Length < IPv6Size)
            MappedPrefix.CopyTo(octets);
        address.CopyTo(octets[^address.Length..]);
        return peer;
    }

    /// <summary>For people and logs; it allocates.</summary>
    public readonly IPEndPoint ToEndPoint() => new(new IPAddress(Address), Port);

    [InlineArray(IPv6Size)]
    private struct Octets
    {
        private byte _first;
    }
}

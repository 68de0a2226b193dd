using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>A struct sockaddr_in or sockaddr_in6.</summary>
internal struct SocketName
{
    private const int IPv4Size = 16;
    private const int IPv6Size = 28;
    private const int PortOffset = 2;
    private const int IPv4AddressOffset = 4;
    private const int IPv6AddressOffset = 8;
    private const int IPv6ScopeOffset = 24;

    /// <summary>Room for a name that the kernel writes.</summary>
    public const int MaximumSize = IPv6Size;

    private Octets _octets;

    /// <summary>AF_INET or AF_INET6.</summary>
    public int Family { get; private set; }

    /// <summary>How many octets the kernel shall read.</summary>
    public int Size { get; private set; }

    public static SocketName Of(IPEndPoint endpoint)
    {
        var isIPv6 = endpoint.AddressFamily == AddressFamily.InterNetworkV6;
        SocketName name = default;
        name.Family = isIPv6 ? Libc.FamilyIPv6 : Libc.FamilyIPv4;
        name.Size = isIPv6 ? IPv6Size : IPv4Size;
        Span<byte> octets = name._octets;
        BitConverter.TryWriteBytes(octets, (ushort)name.Family);
        BinaryPrimitives.WriteUInt16BigEndian(octets[PortOffset..], (ushort)endpoint.Port);
        endpoint.Address.TryWriteBytes(octets[(isIPv6 ? IPv6AddressOffset : IPv4AddressOffset)..], out _);
        if (isIPv6)
            BitConverter.TryWriteBytes(octets[IPv6ScopeOffset..], (uint)endpoint.Address.ScopeId);
        return name;
    }

    /// <summary>The octets of the address, in network order: 4 or 16. The kernel may have filled it.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Address =>
        ((ReadOnlySpan<byte>)_octets)[BitConverter.ToUInt16(_octets) == Libc.FamilyIPv6
            ? IPv6AddressOffset..IPv6ScopeOffset
            : IPv4AddressOffset..(IPv4AddressOffset + sizeof(uint))];

    /// <summary>The kernel may have filled it.</summary>
    public readonly ushort Port => BinaryPrimitives.ReadUInt16BigEndian(((ReadOnlySpan<byte>)_octets)[PortOffset..]);

    /// <summary>Whether both have one address, whatever the ports are. The kernel may have filled either.</summary>
    public readonly bool HasAddressOf(in SocketName other) => Address.SequenceEqual(other.Address);

    [InlineArray(IPv6Size)]
    private struct Octets
    {
        private byte _first;
    }
}

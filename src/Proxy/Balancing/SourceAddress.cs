using System.Buffers.Binary;

namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// A client's address as a number: IPv6, or IPv4 mapped into it (RFC 4291 section 2.5.5.2). The default value stands
/// for an address that is not known.
/// </summary>
public readonly record struct SourceAddress(UInt128 Value)
{
    private const int IPv4Bits = 32;
    private const int IPv6Bits = 128;
    private const ulong IPv4Mapped = 0xFFFF;

    /// <summary>The address of 16 octets in network order.</summary>
    public static SourceAddress Of(ReadOnlySpan<byte> octets) => new(BinaryPrimitives.ReadUInt128BigEndian(octets));

    private bool IsIPv4 => Value >> IPv4Bits == IPv4Mapped;

    /// <summary>The network that it is in: what follows the prefix is zero.</summary>
    /// <param name="ipv4Prefix">The length for IPv4, 1–32.</param>
    /// <param name="ipv6Prefix">The length for IPv6, 1–128.</param>
    public SourceAddress Network(int ipv4Prefix, int ipv6Prefix)
    {
        var hostBits = IsIPv4 ? IPv4Bits - ipv4Prefix : IPv6Bits - ipv6Prefix;
        return new(Value >> hostBits << hostBits);
    }

    /// <summary>A number that is spread evenly over all there are, the same in every process for one seed.</summary>
    public ulong Hash(ulong seed) =>
        Hashing.Mix(Hashing.Mix((ulong)Value ^ seed) ^ (ulong)(Value >> 64) ^ ulong.RotateLeft(seed, 32));
}

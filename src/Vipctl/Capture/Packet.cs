using System.Buffers.Binary;
using System.Net;

namespace AnycastVip.Vipctl.Capture;

/// <summary>What a packet carries, as far as we read it.</summary>
internal enum Transport
{
    /// <summary>Something else, a fragment, or cut too short.</summary>
    None,

    /// <summary>A TCP segment.</summary>
    Tcp,

    /// <summary>A UDP datagram.</summary>
    Udp,
}

/// <summary>An IP packet with a TCP segment or a UDP datagram in it.</summary>
internal readonly ref struct Packet
{
    private const int IPv4Header = 20;
    private const int IPv6Header = 40;
    private const int TcpHeader = 20;
    private const int UdpHeader = 8;
    private const ushort EtherTypeIPv4 = 0x0800;
    private const ushort EtherTypeIPv6 = 0x86DD;

    /// <summary>Which of the two; the other properties have a meaning only then.</summary>
    public Transport Transport { get; private init; }

    public IPEndPoint Source { get; private init; }

    public IPEndPoint Destination { get; private init; }

    /// <summary>The TTL or hop limit that it arrived with.</summary>
    public byte Ttl { get; private init; }

    /// <summary>Of a TCP segment: the number of its first octet, or of its SYN.</summary>
    public uint Sequence { get; private init; }

    /// <summary>Of a TCP segment: it begins a connection.</summary>
    public bool IsSyn { get; private init; }

    /// <summary>What was captured of the payload.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>Finds the packet in a frame.</summary>
    public static Packet Find(in CapturedFrame frame)
    {
        ReadOnlySpan<byte> octets = frame.Octets;
        return frame.Link switch
        {
            LinkType.Ethernet when octets.Length > 14 => BehindEtherType(octets[12..]),
            LinkType.LinuxCooked when octets.Length > 16 => BehindEtherType(octets[14..]),
            LinkType.LinuxCookedV2 when octets.Length > 20 => Of(UInt16(octets), octets[20..]),
            LinkType.RawIp or LinkType.IPv4 or LinkType.IPv6 when octets.Length > 0 =>
                Of(octets[0] >> 4 == 6 ? EtherTypeIPv6 : EtherTypeIPv4, octets),
            _ => default,
        };
    }

    private static Packet BehindEtherType(ReadOnlySpan<byte> octets)
    {
        // VLAN tags: IEEE 802.1Q and 802.1ad, in any number.
        while (octets.Length > 6 && UInt16(octets) is 0x8100 or 0x88A8 or 0x9100)
            octets = octets[4..];
        return octets.Length > 2 ? Of(UInt16(octets), octets[2..]) : default;
    }

    private static Packet Of(ushort etherType, ReadOnlySpan<byte> octets) => etherType switch
    {
        EtherTypeIPv4 => OfIPv4(octets),
        EtherTypeIPv6 => OfIPv6(octets),
        _ => default,
    };

    private static Packet OfIPv4(ReadOnlySpan<byte> octets)
    {
        if (octets.Length < IPv4Header || octets[0] >> 4 != 4)
            return default;
        var headerLength = (octets[0] & 0x0F) * 4;
        var length = Math.Min(UInt16(octets[2..]), octets.Length);
        // A fragment: neither BGP, whose TCP knows the path's MTU, nor BFD is ever sent in pieces.
        var isFragment = (UInt16(octets[6..]) & 0x3FFF) != 0;
        if (headerLength < IPv4Header || headerLength > length || isFragment)
            return default;
        return OfTransport(
            octets[9], octets[headerLength..length], octets.Slice(12, 4), octets.Slice(16, 4), octets[8]);
    }

    private static Packet OfIPv6(ReadOnlySpan<byte> octets)
    {
        if (octets.Length < IPv6Header || octets[0] >> 4 != 6)
            return default;
        var next = octets[6];
        var rest = octets[IPv6Header..];
        rest = rest[..Math.Min(UInt16(octets[4..]), rest.Length)];
        // Hop-by-hop options, routing, destination options.
        while (next is 0 or 43 or 60 && rest.Length >= 8 && (rest[1] + 1) * 8 <= rest.Length)
        {
            next = rest[0];
            rest = rest[((rest[1] + 1) * 8)..];
        }
        return OfTransport(next, rest, octets.Slice(8, 16), octets.Slice(24, 16), octets[7]);
    }

    private static Packet OfTransport(
        byte protocol, ReadOnlySpan<byte> octets, ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, byte ttl)
    {
        const byte Tcp = 6;
        const byte Udp = 17;
        var isTcp = protocol == Tcp && octets.Length >= TcpHeader;
        if (!isTcp && !(protocol == Udp && octets.Length >= UdpHeader))
            return default;
        var headerLength = isTcp ? (octets[12] >> 4) * 4 : UdpHeader;
        var length = isTcp ? octets.Length : Math.Min(UInt16(octets[4..]), octets.Length);
        if (headerLength < UdpHeader || headerLength > length || (isTcp && headerLength < TcpHeader))
            return default;
        return new()
        {
            Transport = isTcp ? Transport.Tcp : Transport.Udp,
            Source = new(new IPAddress(source), UInt16(octets)),
            Destination = new(new IPAddress(destination), UInt16(octets[2..])),
            Ttl = ttl,
            Sequence = isTcp ? BinaryPrimitives.ReadUInt32BigEndian(octets[4..]) : 0,
            IsSyn = isTcp && (octets[13] & 0x02) != 0,
            Payload = octets[headerLength..length],
        };
    }

    private static ushort UInt16(ReadOnlySpan<byte> octets) => BinaryPrimitives.ReadUInt16BigEndian(octets);
}

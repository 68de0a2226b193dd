using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Judges addresses as next hops.</summary>
internal static class NextHopAddress
{
    /// <summary>
    /// RFC 4271 section 6.3: a next hop is "a valid IP host address". Unspecified, loopback, multicast and broadcast
    /// addresses are none.
    /// </summary>
    /// <param name="address">4 or 16 octets.</param>
    public static bool IsUsable(ReadOnlySpan<byte> address)
    {
        if (address.Length == sizeof(uint))
        {
            var isBroadcast = BinaryPrimitives.ReadUInt32BigEndian(address) == uint.MaxValue;
            return !isBroadcast && address[0] is not (0 or 127 or (>= 224 and <= 239));
        }
        var isUnspecifiedOrLoopback = BinaryPrimitives.ReadUInt128BigEndian(address) <= UInt128.One;
        return !isUnspecifiedOrLoopback && address[0] != 0xFF;
    }

    /// <summary>True in fe80::/10.</summary>
    /// <param name="address">16 octets.</param>
    public static bool IsLinkLocal(ReadOnlySpan<byte> address) => address[0] == 0xFE && (address[1] & 0xC0) == 0x80;
}

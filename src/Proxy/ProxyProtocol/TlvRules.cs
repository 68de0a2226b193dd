using System.Buffers.Binary;
using System.Numerics;

namespace AnycastVip.Proxy.ProxyProtocol;

/// <summary>What the specification demands of the TLVs of its section 2.2.</summary>
internal static class TlvRules
{
    public const int MaximumUniqueId = 128;

    // One octet of flags and four of the verification's result stand before the sub-TLVs.
    private const int SslHeadLength = 5;

    /// <summary>The first rule that a header of version 2 breaks; null: none.</summary>
    /// <param name="header">The whole header: a checksum counts all of it.</param>
    /// <param name="tlvOffset">Where its TLVs begin.</param>
    public static string? FindFault(ReadOnlySpan<byte> header, int tlvOffset)
    {
        var reader = new TlvReader(header[tlvOffset..]);
        var hasChecksum = false;
        while (reader.TryRead(out var type, out var value))
        {
            switch (type)
            {
                case TlvType.Crc32c when hasChecksum:
                    return "PP2_TYPE_CRC32C stands there twice";
                case TlvType.Crc32c when value.Length != sizeof(uint):
                    return "PP2_TYPE_CRC32C is not of 4 octets";
                case TlvType.Crc32c when ChecksumOf(header, tlvOffset + reader.ValueOffset) != Read(value):
                    return "the CRC32c is wrong";
                case TlvType.Crc32c:
                    hasChecksum = true;
                    break;
                case TlvType.UniqueId when value.Length > MaximumUniqueId:
                    return "PP2_TYPE_UNIQUE_ID is longer than 128 octets";
                case TlvType.Ssl when value.Length < SslHeadLength:
                    return "PP2_TYPE_SSL is shorter than 5 octets";
                case TlvType.Ssl when IsCut(value[SslHeadLength..]):
                    return "a TLV within PP2_TYPE_SSL is cut";
                default:
                    break;
            }
        }
        return reader.IsCut ? "a TLV is cut" : null;
    }

    private static bool IsCut(ReadOnlySpan<byte> tlvs)
    {
        var reader = new TlvReader(tlvs);
        while (reader.TryRead(out _, out _)) { }
        return reader.IsCut;
    }

    private static uint Read(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadUInt32BigEndian(value);

    // RFC 9260, appendix A: begun with ones and inverted at the end.
    private static uint ChecksumOf(ReadOnlySpan<byte> header, int valueOffset)
    {
        var crc = Add(uint.MaxValue, header[..valueOffset]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Add(crc, header[(valueOffset + sizeof(uint))..]);
    }

    private static uint Add(uint crc, ReadOnlySpan<byte> octets)
    {
        foreach (var octet in octets)
            crc = BitOperations.Crc32C(crc, octet);
        return crc;
    }
}

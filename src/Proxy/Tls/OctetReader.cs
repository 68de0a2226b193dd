using System.Buffers.Binary;

namespace AnycastVip.Proxy.Tls;

/// <summary>Reads RFC 8446's presentation language: numbers, and vectors behind their length.</summary>
internal ref struct OctetReader(ReadOnlySpan<byte> octets)
{
    private ReadOnlySpan<byte> _rest = octets;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool TrySkip(int count) => TryTake(count, out _);

    public bool TryReadByte(out byte value)
    {
        var isThere = TryTake(sizeof(byte), out var octets);
        value = isThere ? octets[0] : (byte)0;
        return isThere;
    }

    public bool TryReadUInt16(out ushort value)
    {
        var isThere = TryTake(sizeof(ushort), out var octets);
        value = isThere ? BinaryPrimitives.ReadUInt16BigEndian(octets) : (ushort)0;
        return isThere;
    }

    /// <summary>A vector with a length of one octet, of at least <paramref name="minimum"/> octets.</summary>
    public bool TryReadShortVector(int minimum, out ReadOnlySpan<byte> content)
    {
        content = default;
        return TryReadByte(out var length) && length >= minimum && TryTake(length, out content);
    }

    /// <summary>A vector with a length of two octets, of at least <paramref name="minimum"/> octets.</summary>
    public bool TryReadVector(int minimum, out ReadOnlySpan<byte> content)
    {
        content = default;
        return TryReadUInt16(out var length) && length >= minimum && TryTake(length, out content);
    }

    private bool TryTake(int count, out ReadOnlySpan<byte> octets)
    {
        octets = default;
        if (_rest.Length < count)
            return false;
        octets = _rest[..count];
        _rest = _rest[count..];
        return true;
    }
}

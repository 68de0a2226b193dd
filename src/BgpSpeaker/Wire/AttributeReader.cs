using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>One path attribute as it stands in the message, RFC 4271 section 4.3.</summary>
public readonly ref struct RawAttribute
{
    /// <summary>The flags octet, unused bits included.</summary>
    public AttributeFlags Flags { get; init; }

    /// <summary>The type code, known or not.</summary>
    public AttributeCode Code { get; init; }

    /// <summary>The value.</summary>
    public ReadOnlySpan<byte> Value { get; init; }

    /// <summary>Where its flags octet is, in octets from the start of the attributes.</summary>
    public int Offset { get; init; }

    /// <summary>Flags, type, length and value together, in octets.</summary>
    public int Length { get; init; }
}

/// <summary>
/// Walks the path attributes of an UPDATE:
/// <code>
/// | flags 1 | type 1 | length 1, or 2 with the Extended Length flag | value |
/// </code>
/// </summary>
public ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private const int ShortHeader = 3;
    private const int ExtendedHeader = 4;

    private ReadOnlySpan<byte> _rest = attributes;

    /// <summary>Where the next attribute starts, in octets from the start of the attributes.</summary>
    public int Position { get; private set; }

    /// <summary>What no attribute could be made of; empty when the attributes ended well.</summary>
    public readonly ReadOnlySpan<byte> Leftover => _rest;

    /// <summary>Reads the next attribute; false at the end, and where the rest is not a whole attribute.</summary>
    public bool TryNext(out RawAttribute attribute)
    {
        attribute = default;
        if (_rest.Length < ShortHeader)
            return false;
        var flags = (AttributeFlags)_rest[0];
        var headerLength = ShortHeader;
        int valueLength = _rest[2];
        // RFC 4271 section 4.3 allows the extended length for a short value too.
        if ((flags & AttributeFlags.ExtendedLength) != 0)
        {
            if (_rest.Length < ExtendedHeader)
                return false;
            headerLength = ExtendedHeader;
            valueLength = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        }
        var length = headerLength + valueLength;
        if (length > _rest.Length)
            return false;
        attribute = new()
        {
            Flags = flags,
            Code = (AttributeCode)_rest[1],
            Value = _rest.Slice(headerLength, valueLength),
            Offset = Position,
            Length = length,
        };
        _rest = _rest[length..];
        Position += length;
        return true;
    }
}

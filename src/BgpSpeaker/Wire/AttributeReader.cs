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
    private WireCursor _cursor = new(attributes);

    /// <summary>Where the next attribute starts, in octets from the start of the attributes.</summary>
    public int Position { get; private set; }

    /// <summary>What no attribute could be made of; empty when the attributes ended well.</summary>
    public readonly ReadOnlySpan<byte> Leftover => _cursor.Rest;

    /// <summary>Reads the next attribute; false at the end, and where the rest is not a whole attribute.</summary>
    public bool TryNext(out RawAttribute attribute)
    {
        var cursor = _cursor;
        attribute = default;
        if (!cursor.TryReadByte(out var flags) || !cursor.TryReadByte(out var code))
            return false;
        ushort length;
        // RFC 4271 section 4.3 allows the extended length for a short value too.
        if (((AttributeFlags)flags & AttributeFlags.ExtendedLength) != 0)
        {
            if (!cursor.TryReadUInt16(out length))
                return false;
        }
        else if (cursor.TryReadByte(out var octet))
        {
            length = octet;
        }
        else
        {
            return false;
        }
        if (!cursor.TryTake(length, out var value))
            return false;
        attribute = new()
        {
            Flags = (AttributeFlags)flags,
            Code = (AttributeCode)code,
            Value = value,
            Offset = Position,
            Length = cursor.Position - Position,
        };
        _cursor = cursor;
        Position = cursor.Position;
        return true;
    }
}

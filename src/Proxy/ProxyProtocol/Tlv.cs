using System.Buffers.Binary;

namespace AnycastVip.Proxy.ProxyProtocol;

/// <summary>The types of the specification's section 2.2; others are carried as they are.</summary>
internal static class TlvType
{
    /// <summary>A protocol name of RFC 7301.</summary>
    public const byte Alpn = 0x01;

    /// <summary>The host name that the client asked for, in UTF-8: with TLS the server_name.</summary>
    public const byte Authority = 0x02;

    /// <summary>Of the whole header, with these four octets zero.</summary>
    public const byte Crc32c = 0x03;

    /// <summary>Padding.</summary>
    public const byte Noop = 0x04;

    /// <summary>Up to 128 octets that name the connection.</summary>
    public const byte UniqueId = 0x05;

    /// <summary>What the sender knows of the TLS that it terminated: client, verify, then TLVs of its own.</summary>
    public const byte Ssl = 0x20;

    /// <summary>The network namespace's name.</summary>
    public const byte NetworkNamespace = 0x30;
}

/// <summary>Reads type-length-values one after another: a type, a length of two octets, that many octets.</summary>
internal ref struct TlvReader(ReadOnlySpan<byte> octets)
{
    /// <summary>Type and length.</summary>
    public const int HeadLength = 3;

    private readonly ReadOnlySpan<byte> _octets = octets;
    private int _position;

    /// <summary>Where the value read last begins.</summary>
    public int ValueOffset { get; private set; }

    /// <summary>Whether what is left is too short for what it claims to be.</summary>
    public readonly bool IsCut => _position < _octets.Length;

    /// <summary>False at the end, and where the rest is cut.</summary>
    public bool TryRead(out byte type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        var rest = _octets[_position..];
        if (rest.Length < HeadLength)
            return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
        if (rest.Length < HeadLength + length)
            return false;
        type = rest[0];
        value = rest.Slice(HeadLength, length);
        ValueOffset = _position + HeadLength;
        _position = ValueOffset + length;
        return true;
    }
}

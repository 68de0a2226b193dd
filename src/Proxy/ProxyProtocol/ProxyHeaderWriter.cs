using System.Buffers.Binary;

namespace AnycastVip.Proxy.ProxyProtocol;

/// <summary>
/// Writes a header of version 2 into a buffer: the fixed part first, then TLVs in the order wanted. Whoever calls it
/// sees to it that the whole fits.
/// </summary>
internal ref struct ProxyHeaderWriter
{
    private const int LengthOffset = 14;
    private const int FixedLength = LengthOffset + sizeof(ushort);
    private const byte Version2 = 0x20;

    private readonly Span<byte> _buffer;

    private ProxyHeaderWriter(Span<byte> buffer) => _buffer = buffer;

    /// <summary>How many octets were written.</summary>
    public int Length { get; private set; }

    /// <summary>How many octets a header with both endpoints has at most before its TLVs.</summary>
    public const int MaximumHead = FixedLength + 2 * (16 + sizeof(ushort));

    /// <summary>Begins a header for a client's connection.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="source">The client; a family other than IPv4 and IPv6 makes it AF_UNSPEC.</param>
    /// <param name="destination">Where it connected to, of the same family.</param>
    public static ProxyHeaderWriter Proxy(
        Span<byte> buffer, in ProxyEndpoint source, in ProxyEndpoint destination)
    {
        var family = source.Family == destination.Family ? source.Family : ProxyFamily.Unspecified;
        var addressLength = family switch { ProxyFamily.IPv4 => 4, ProxyFamily.IPv6 => 16, _ => 0 };
        var writer = Begin(
            buffer,
            ProxyCommand.Proxy,
            addressLength == 0 ? (byte)0 : (byte)((int)family << 4 | (int)ProxyTransport.Stream));
        if (addressLength == 0)
            return writer;
        writer.WriteAddress(source.Address, addressLength);
        writer.WriteAddress(destination.Address, addressLength);
        writer.WritePort(source.Port);
        writer.WritePort(destination.Port);
        writer.SetLength();
        return writer;
    }

    /// <summary>A header that says: this connection is the sender's own.</summary>
    public static ProxyHeaderWriter Local(Span<byte> buffer) => Begin(buffer, ProxyCommand.Local, 0);

    /// <summary>Adds a TLV.</summary>
    public void Add(byte type, scoped ReadOnlySpan<byte> value)
    {
        _buffer[Length] = type;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[(Length + 1)..], checked((ushort)value.Length));
        value.CopyTo(_buffer[(Length + TlvReader.HeadLength)..]);
        Length += TlvReader.HeadLength + value.Length;
        SetLength();
    }

    private static ProxyHeaderWriter Begin(Span<byte> buffer, ProxyCommand command, byte family)
    {
        ProxyHeaderReader.Signature.CopyTo(buffer);
        buffer[12] = (byte)(Version2 | (int)command);
        buffer[13] = family;
        var writer = new ProxyHeaderWriter(buffer) { Length = FixedLength };
        writer.SetLength();
        return writer;
    }

    private readonly void SetLength() =>
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[LengthOffset..], (ushort)(Length - FixedLength));

    private void WriteAddress(UInt128 address, int length)
    {
        if (length == sizeof(uint))
            BinaryPrimitives.WriteUInt32BigEndian(_buffer[Length..], (uint)address);
        else
            BinaryPrimitives.WriteUInt128BigEndian(_buffer[Length..], address);
        Length += length;
    }

    private void WritePort(ushort port)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[Length..], port);
        Length += sizeof(ushort);
    }
}

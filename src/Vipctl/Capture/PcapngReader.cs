namespace AnycastVip.Vipctl.Capture;

/// <summary>
/// pcapng, as its Internet-Draft (draft-ietf-opsawg-pcapng) describes it: sections with interfaces and frames; what
/// else there is (names, statistics, secrets) is passed over:
/// <code>
/// | block type 4 | total length 4 | body | total length 4 |
/// </code>
/// </summary>
internal sealed class PcapngReader : CaptureReader
{
    /// <summary>The type of the block that every section begins with; reads the same in either octet order.</summary>
    public const uint Magic = 0x0A0D0D0A;

    private const uint ByteOrderMagic = 0x1A2B3C4D;
    private const uint InterfaceDescription = 1;
    private const uint SimplePacket = 3;
    private const uint EnhancedPacket = 6;
    private const int BlockHeader = 8;
    private const int BlockOverhead = 12;
    private const int EnhancedPacketHeader = 20;
    private const ushort TimestampResolution = 9;
    private const int MostInterfaces = 4096;

    private readonly List<(LinkType Link, UInt128 PerSecond)> _interfaces = [];
    private bool _isFirst = true;

    public PcapngReader(Stream stream)
        : base(stream)
    {
    }

    public override bool TryRead(out CapturedFrame frame)
    {
        frame = default;
        while (TryReadBlock(out var type, out var body))
        {
            switch (type)
            {
                case InterfaceDescription when body.Length >= BlockHeader:
                    if (_interfaces.Count == MostInterfaces)
                        return Fail("it has too many interfaces");
                    _interfaces.Add(((LinkType)UInt16(body), Resolution(body.AsSpan(BlockHeader))));
                    break;
                case EnhancedPacket when body.Length >= EnhancedPacketHeader:
                    return TryReadEnhanced(body, out frame);
                case SimplePacket when body.Length >= sizeof(uint) && _interfaces.Count > 0:
                    var length = Math.Min(UInt32(body), body.Length - sizeof(uint));
                    frame = new(null, _interfaces[0].Link, body[sizeof(uint)..(int)(sizeof(uint) + length)]);
                    return true;
                case InterfaceDescription or EnhancedPacket or SimplePacket:
                    return Fail("it has a block that is too short");
            }
        }
        return false;
    }

    private bool TryReadEnhanced(byte[] body, out CapturedFrame frame)
    {
        frame = default;
        var number = UInt32(body);
        var length = UInt32(body.AsSpan(12));
        if (number >= _interfaces.Count || length > body.Length - EnhancedPacketHeader)
            return Fail("it has a frame of no interface, or one that is longer than its block");
        var (link, perSecond) = _interfaces[(int)number];
        var count = ((UInt128)UInt32(body.AsSpan(4)) << 32) + UInt32(body.AsSpan(8));
        frame = new(
            Moment(count, perSecond), link, body[EnhancedPacketHeader..(int)(EnhancedPacketHeader + length)]);
        return true;
    }

    private bool TryReadBlock(out uint type, out byte[] body)
    {
        Span<byte> header = stackalloc byte[BlockHeader];
        (type, body) = (Magic, []);
        // The magic of the file was the type of its first block.
        if (!TryReadOctets(_isFirst ? header[sizeof(uint)..] : header, mayEnd: !_isFirst))
            return false;
        if (!_isFirst)
            type = UInt32(header);
        _isFirst = false;
        if (type == Magic)
            return TryReadSection(header[sizeof(uint)..]);
        var length = UInt32(header[sizeof(uint)..]);
        if (length < BlockOverhead || length % sizeof(uint) != 0)
            return Fail($"it has a block of {length} octets");
        if (!TryReadOctets(length - BlockHeader, out body))
            return false;
        body = body[..^sizeof(uint)];
        return true;
    }

    // The octet order is that of the section, so the length in front of it can be read only behind its own magic.
    private bool TryReadSection(ReadOnlySpan<byte> lengthOctets)
    {
        Span<byte> order = stackalloc byte[sizeof(uint)];
        if (!TryReadOctets(order, mayEnd: false))
            return false;
        IsLittleEndian = false;
        if (UInt32(order) != ByteOrderMagic)
            IsLittleEndian = true;
        if (UInt32(order) != ByteOrderMagic)
            return Fail("it has a section without octet order");
        _interfaces.Clear();
        var length = UInt32(lengthOctets);
        return length >= BlockOverhead + sizeof(uint)
            ? TryReadOctets(length - BlockHeader - sizeof(uint), out _)
            : Fail($"it has a section header of {length} octets");
    }

    // if_tsresol: a negative power of ten, or of two if its highest bit is set; microseconds without it.
    private UInt128 Resolution(ReadOnlySpan<byte> options)
    {
        while (options.Length > 2 * sizeof(ushort))
        {
            var code = UInt16(options);
            var length = UInt16(options[sizeof(ushort)..]);
            options = options[(2 * sizeof(ushort))..];
            if (code == TimestampResolution && length == 1)
                return PerSecond(options[0]);
            var padded = (length + 3) & ~3;
            if (code == 0 || padded > options.Length)
                break;
            options = options[padded..];
        }
        return 1_000_000;
    }

    private static UInt128 PerSecond(byte resolution)
    {
        const byte IsPowerOfTwo = 0x80;
        const int LargestShift = 63;
        const int LargestExponent = 18;
        if ((resolution & IsPowerOfTwo) != 0)
            return UInt128.One << Math.Min(resolution - IsPowerOfTwo, LargestShift);
        UInt128 power = 1;
        for (var left = Math.Min((int)resolution, LargestExponent); left > 0; left--)
            power *= 10;
        return power;
    }
}

namespace AnycastVip.Vipctl.Capture;

/// <summary>
/// pcap, as libpcap's pcap-savefile(5) describes it, in either octet order, with micro- or nanoseconds:
/// <code>
/// | magic 4 | version 2 + 2 | 8 octets of no use | snapshot length 4 | link type 4 |, then for each frame
/// | seconds 4 | fraction 4 | captured length 4 | original length 4 | octets |
/// </code>
/// </summary>
internal sealed class PcapReader : CaptureReader
{
    private const uint Microseconds = 0xA1B2C3D4;
    private const uint Nanoseconds = 0xA1B23C4D;
    private const uint MicrosecondsSwapped = 0xD4C3B2A1;
    private const uint NanosecondsSwapped = 0x4D3CB2A1;
    private const int RestOfHeader = 20;
    private const int FrameHeader = 16;

    // The upper bits of the link type say how long a frame check sequence is.
    private const uint LinkTypeMask = 0x0FFF_FFFF;

    private readonly LinkType _link;
    private readonly uint _fractionsPerSecond;

    private PcapReader(Stream stream, uint magic)
        : base(stream)
    {
        IsLittleEndian = magic is MicrosecondsSwapped or NanosecondsSwapped;
        _fractionsPerSecond = magic is Nanoseconds or NanosecondsSwapped ? 1_000_000_000u : 1_000_000u;
        Span<byte> header = stackalloc byte[RestOfHeader];
        if (TryReadOctets(header, mayEnd: false))
            _link = (LinkType)(UInt32(header[16..]) & LinkTypeMask);
    }

    /// <summary>Null when it is no pcap; with a fault when it is one without its head.</summary>
    public static PcapReader? Open(Stream stream, uint magic) =>
        magic is Microseconds or Nanoseconds or MicrosecondsSwapped or NanosecondsSwapped
            ? new PcapReader(stream, magic)
            : null;

    public override bool TryRead(out CapturedFrame frame)
    {
        frame = default;
        Span<byte> header = stackalloc byte[FrameHeader];
        if (!TryReadOctets(header, mayEnd: true) || !TryReadOctets(UInt32(header[8..]), out var octets))
            return false;
        var fractions = ((UInt128)UInt32(header) * _fractionsPerSecond) + UInt32(header[4..]);
        frame = new(Moment(fractions, _fractionsPerSecond), _link, octets);
        return true;
    }
}

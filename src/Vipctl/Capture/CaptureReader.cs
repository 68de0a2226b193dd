using System.Buffers.Binary;

namespace AnycastVip.Vipctl.Capture;

/// <summary>
/// Reads the frames of a capture one after the other, in bounded memory whatever the octets say: pcap, and of pcapng
/// the blocks that hold frames.
/// </summary>
internal abstract class CaptureReader
{
    /// <summary>The longest frame or block that is taken; tcpdump's own limit is a quarter of a mebibyte.</summary>
    protected const int LongestBlock = 16 * 1024 * 1024;

    private readonly Stream _stream;

    protected CaptureReader(Stream stream) => _stream = stream;

    /// <summary>What is wrong with the capture, once <see cref="TryRead"/> has answered false; null: nothing.</summary>
    public string? Fault { get; private set; }

    /// <summary>Numbers in the file have their lowest octet first.</summary>
    protected bool IsLittleEndian { get; set; }

    /// <summary>Reads the head of a capture; null with what it is instead.</summary>
    public static CaptureReader? Open(Stream stream, out string fault)
    {
        Span<byte> magic = stackalloc byte[sizeof(uint)];
        fault = "it is neither pcap nor pcapng";
        if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length)
            return null;
        var number = BinaryPrimitives.ReadUInt32BigEndian(magic);
        if (number == PcapngReader.Magic)
            return new PcapngReader(stream);
        var reader = PcapReader.Open(stream, number);
        if (reader?.Fault is { } what)
            fault = what;
        return reader?.Fault is null ? reader : null;
    }

    /// <summary>Reads the next frame; false at the end, and where the capture makes no sense any more.</summary>
    public abstract bool TryRead(out CapturedFrame frame);

    protected bool Fail(string fault)
    {
        Fault = fault;
        return false;
    }

    /// <summary>Reads exactly so many octets; false when there are fewer, which is a fault.</summary>
    /// <param name="octets">Where they go.</param>
    /// <param name="mayEnd">That there are none at all is no fault.</param>
    protected bool TryReadOctets(Span<byte> octets, bool mayEnd)
    {
        var read = _stream.ReadAtLeast(octets, octets.Length, throwOnEndOfStream: false);
        if (read == octets.Length)
            return true;
        return (!mayEnd || read > 0) && Fail("it is cut off");
    }

    /// <summary>Reads so many octets into an array, which grows with what is really there.</summary>
    protected bool TryReadOctets(long length, out byte[] octets)
    {
        const int Step = 64 * 1024;
        octets = [];
        if (length > LongestBlock)
            return Fail($"it has a block of {length} octets");
        for (var read = 0; read < length;)
        {
            Array.Resize(ref octets, (int)Math.Min(length, read + Step));
            if (!TryReadOctets(octets.AsSpan(read), mayEnd: false))
                return false;
            read = octets.Length;
        }
        return true;
    }

    protected uint UInt32(ReadOnlySpan<byte> octets) => IsLittleEndian
        ? BinaryPrimitives.ReadUInt32LittleEndian(octets)
        : BinaryPrimitives.ReadUInt32BigEndian(octets);

    protected ushort UInt16(ReadOnlySpan<byte> octets) => IsLittleEndian
        ? BinaryPrimitives.ReadUInt16LittleEndian(octets)
        : BinaryPrimitives.ReadUInt16BigEndian(octets);

    /// <summary>A moment since 1970; null when it is beyond what a date can be.</summary>
    protected static DateTimeOffset? Moment(UInt128 count, UInt128 perSecond)
    {
        var ticks = count * TimeSpan.TicksPerSecond / perSecond;
        return ticks <= (UInt128)(DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks
            ? DateTimeOffset.UnixEpoch.AddTicks((long)ticks)
            : null;
    }
}

using System.Buffers.Binary;
using System.Net;

namespace AnycastVip.Vipctl.Tests;

/// <summary>How a capture is written.</summary>
/// <param name="Magic">The first four octets, highest first: that of pcapng or one of pcap's four.</param>
/// <param name="Link">The link type.</param>
/// <param name="IsTagged">With a VLAN tag; Ethernet only.</param>
internal sealed record CaptureFormat(uint Magic, int Link, bool IsTagged = false)
{
    public const uint Pcapng = 0x0A0D0D0A;

    public static readonly CaptureFormat Plain = new(0xD4C3B2A1, 1);

    public bool IsLittleEndian => Magic is 0xD4C3B2A1 or 0x4D3CB2A1 or Pcapng;

    public uint FractionsPerSecond => Magic is 0xA1B23C4D or 0x4D3CB2A1 ? 1_000_000_000u : 1_000_000u;
}

/// <summary>Makes captures: frames with IP packets at successive milliseconds.</summary>
internal sealed class CaptureWriter(CaptureFormat format)
{
    // 2026-01-02T03:04:05Z.
    private const uint FirstSecond = 1_767_323_045;

    private readonly List<byte> _octets = [.. Head(format)];
    private uint _milliseconds;

    public byte[] ToArray() => [.. _octets];

    public void AddUdp(IPEndPoint source, IPEndPoint destination, byte ttl, ReadOnlySpan<byte> payload) =>
        AddFrame(Ip(17, source, destination, ttl, Transport(
            [.. Big16(source.Port), .. Big16(destination.Port), .. Big16(8 + payload.Length), 0, 0, .. payload],
            17, checksumAt: 6, source, destination)));

    public void AddTcp(
        IPEndPoint source, IPEndPoint destination, uint sequence, byte flags, ReadOnlySpan<byte> payload) =>
        AddFrame(Ip(6, source, destination, 64, Transport(
            [
                .. Big16(source.Port), .. Big16(destination.Port), .. Big32(sequence), .. Big32(1), 0x50, flags,
                .. Big16(0x2000), 0, 0, 0, 0, .. payload,
            ],
            6, checksumAt: 16, source, destination)));

    public void AddFrame(byte[] ip)
    {
        var etherType = (byte[])(ip[0] >> 4 == 6 ? [0x86, 0xDD] : [0x08, 0x00]);
        byte[] frame = format.Link switch
        {
            1 when format.IsTagged => [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0x00, 0, 7, .. etherType, .. ip],
            1 => [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, .. etherType, .. ip],
            113 => [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0, .. etherType, .. ip],
            276 => [.. etherType, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0, .. ip],
            _ => ip,
        };
        var milliseconds = _milliseconds++;
        if (format.Magic == CaptureFormat.Pcapng)
            AddBlock(frame, milliseconds);
        else
        {
            var fraction = milliseconds % 1000 * (format.FractionsPerSecond / 1000);
            _octets.AddRange([
                .. U32(FirstSecond + (milliseconds / 1000)), .. U32(fraction), .. U32((uint)frame.Length),
                .. U32((uint)frame.Length), .. frame,
            ]);
        }
    }

    private static byte[] Head(CaptureFormat format)
    {
        var head = new CaptureNumbers(format.IsLittleEndian);
        return format.Magic == CaptureFormat.Pcapng
            ?
            [
                .. head.U32(CaptureFormat.Pcapng), .. head.U32(28),
                .. head.U32(0x1A2B3C4D), .. head.U16(1), .. head.U16(0),
                .. head.U32(uint.MaxValue), .. head.U32(uint.MaxValue), .. head.U32(28),
                // A block of a kind that nobody knows, then the interface.
                .. head.U32(0x0BAD), .. head.U32(16), .. head.U32(0), .. head.U32(16),
                .. head.U32(1), .. head.U32(20), .. head.U16(format.Link), .. head.U16(0), .. head.U32(0),
                .. head.U32(20),
            ]
            :
            [
                .. Big32(format.Magic), .. head.U16(2), .. head.U16(4), .. head.U32(0), .. head.U32(0),
                .. head.U32(262144), .. head.U32((uint)format.Link),
            ];
    }

    private void AddBlock(byte[] frame, uint milliseconds)
    {
        var padded = (frame.Length + 3) & ~3;
        var length = (uint)(32 + padded);
        var time = (FirstSecond * 1_000_000UL) + (milliseconds * 1000UL);
        _octets.AddRange([
            .. U32(6), .. U32(length), .. U32(0), .. U32((uint)(time >> 32)), .. U32((uint)time),
            .. U32((uint)frame.Length), .. U32((uint)frame.Length), .. frame, .. new byte[padded - frame.Length],
            .. U32(length),
        ]);
    }

    private static byte[] Ip(byte protocol, IPEndPoint source, IPEndPoint destination, byte ttl, byte[] transport)
    {
        var (from, to) = (source.Address.GetAddressBytes(), destination.Address.GetAddressBytes());
        if (from.Length == 16)
            return [0x60, 0, 0, 0, .. Big16(transport.Length), protocol, ttl, .. from, .. to, .. transport];
        byte[] header = [0x45, 0, .. Big16(20 + transport.Length), 0, 0, 0x40, 0, ttl, protocol, 0, 0, .. from, .. to];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), Checksum(header));
        return [.. header, .. transport];
    }

    private static byte[] Transport(
        byte[] octets, byte protocol, int checksumAt, IPEndPoint source, IPEndPoint destination)
    {
        byte[] pseudoHeader =
        [
            .. source.Address.GetAddressBytes(), .. destination.Address.GetAddressBytes(),
            .. Big32((uint)octets.Length), 0, 0, 0, protocol,
        ];
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(checksumAt), Checksum([.. pseudoHeader, .. octets]));
        return octets;
    }

    private static ushort Checksum(byte[] octets)
    {
        uint sum = 0;
        for (var i = 0; i < octets.Length; i++)
            sum += (uint)(octets[i] << (i % 2 == 0 ? 8 : 0));
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }

    private byte[] U32(uint value) => new CaptureNumbers(format.IsLittleEndian).U32(value);

    private static byte[] Big16(int value) => new CaptureNumbers(false).U16(value);

    private static byte[] Big32(uint value) => new CaptureNumbers(false).U32(value);
}

/// <summary>Numbers in one octet order.</summary>
internal readonly record struct CaptureNumbers(bool IsLittleEndian)
{
    public byte[] U16(int value) => U32((uint)value)[IsLittleEndian ? ..2 : 2..];

    public byte[] U32(uint value)
    {
        byte[] octets = [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
        if (IsLittleEndian)
            Array.Reverse(octets);
        return octets;
    }
}

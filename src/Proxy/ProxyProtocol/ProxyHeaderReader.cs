using System.Buffers.Binary;

namespace AnycastVip.Proxy.ProxyProtocol;

/// <summary>
/// Reads the header that a proxy in front puts before a connection's own octets: The PROXY protocol, versions 1 and 2
/// (HAProxy's proxy-protocol.txt). It is called with all that has come so far, again and again until it is content.
/// </summary>
internal static class ProxyHeaderReader
{
    /// <summary>A longer header is a fault. The specification's bound is 65,551, which nobody sends.</summary>
    public const int MaximumLength = 4096;

    // Version 2: the signature, version and command, family and transport, the length of what follows.
    private const int FixedLength = 16;
    private const int UnixPathsLength = 2 * 108;

    private const byte FamilyUnspecified = 0x00;

    /// <summary>What version 2 begins with: octets that no version 1 and hardly a protocol begins with.</summary>
    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Reads a header of either version.</summary>
    /// <param name="octets">All that has come.</param>
    /// <param name="header">What it says, once it is whole.</param>
    /// <param name="fault">What is wrong with it, for people; empty if nothing.</param>
    public static HeaderVerdict Read(ReadOnlySpan<byte> octets, out ProxyHeader header, out string fault)
    {
        header = default;
        fault = "";
        if (octets.IsEmpty)
            return HeaderVerdict.NeedMore;
        if (octets[0] == TextHeader.Start[0])
            return TextHeader.Read(octets, out header, out fault);
        var start = Math.Min(octets.Length, Signature.Length);
        if (!octets[..start].SequenceEqual(Signature[..start]))
            return Fail(out fault, "it does not begin with a PROXY protocol header");
        return ReadBinary(octets, out header, out fault);
    }

    private static HeaderVerdict ReadBinary(ReadOnlySpan<byte> octets, out ProxyHeader header, out string fault)
    {
        header = default;
        fault = "";
        if (octets.Length <= Signature.Length)
            return HeaderVerdict.NeedMore;
        var command = octets[12] & 0x0F;
        if (octets[12] >> 4 != 2)
            return Fail(out fault, "the binary header is not of version 2");
        if (command > (int)ProxyCommand.Proxy)
            return Fail(out fault, "the command is neither LOCAL nor PROXY");
        if (octets.Length < FixedLength)
            return HeaderVerdict.NeedMore;
        var length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(octets[14..]);
        if (length > MaximumLength)
            return Fail(out fault, "the header is longer than 4,096 octets");
        // LOCAL: the block is skipped whatever it has in it, its family included.
        var family = command == (int)ProxyCommand.Local ? FamilyUnspecified : octets[13];
        if (AddressLength(family) is not { } addresses)
            return Fail(out fault, "the address family or the transport protocol is not one of version 2");
        if (length < FixedLength + addresses)
            return Fail(out fault, "the header is too short for its addresses");
        if (octets.Length < length)
            return HeaderVerdict.NeedMore;
        return Judge(octets[..length], (ProxyCommand)command, family, addresses, out header, out fault);
    }

    private static HeaderVerdict Judge(
        ReadOnlySpan<byte> octets, ProxyCommand command, byte type, int addresses, out ProxyHeader header,
        out string fault)
    {
        header = new() { Length = octets.Length, Version = 2, Command = command };
        fault = "";
        // An unspecified family may have addresses of any length: what follows them cannot be found.
        if (type == FamilyUnspecified)
            return HeaderVerdict.Whole;
        var tlvs = FixedLength + addresses;
        if (TlvRules.FindFault(octets, tlvs) is { } broken)
            return Fail(out fault, broken);
        var family = (ProxyFamily)(type >> 4);
        var block = octets[FixedLength..tlvs];
        header = new()
        {
            Length = octets.Length,
            Version = 2,
            Command = command,
            Family = family,
            Transport = (ProxyTransport)(type & 0x0F),
            Source = ReadEndpoint(family, block, isDestination: false),
            Destination = ReadEndpoint(family, block, isDestination: true),
            UnixPaths = family == ProxyFamily.Unix ? block : default,
            Tlvs = octets[tlvs..],
        };
        return HeaderVerdict.Whole;
    }

    private static ProxyEndpoint ReadEndpoint(ProxyFamily family, ReadOnlySpan<byte> block, bool isDestination)
    {
        if (family == ProxyFamily.Unix)
            return new(family, 0, 0);
        // Both addresses, then both ports.
        var addressLength = (block.Length - 2 * sizeof(ushort)) / 2;
        var address = block.Slice(isDestination ? addressLength : 0, addressLength);
        var port = block[(2 * addressLength + (isDestination ? sizeof(ushort) : 0))..];
        return new(
            family,
            family == ProxyFamily.IPv4
                ? BinaryPrimitives.ReadUInt32BigEndian(address)
                : BinaryPrimitives.ReadUInt128BigEndian(address),
            BinaryPrimitives.ReadUInt16BigEndian(port));
    }

    // Null: not a combination of the specification's.
    private static int? AddressLength(byte type) => type switch
    {
        FamilyUnspecified => 0,
        0x11 or 0x12 => 2 * (4 + sizeof(ushort)),
        0x21 or 0x22 => 2 * (16 + sizeof(ushort)),
        0x31 or 0x32 => UnixPathsLength,
        _ => null,
    };

    private static HeaderVerdict Fail(out string fault, string what)
    {
        fault = what;
        return HeaderVerdict.Fault;
    }
}

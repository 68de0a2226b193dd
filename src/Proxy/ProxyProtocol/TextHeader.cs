namespace AnycastVip.Proxy.ProxyProtocol;

/// <summary>Version 1 of the PROXY protocol: one line of text.</summary>
internal static class TextHeader
{
    /// <summary>The longest line, CR LF included.</summary>
    public const int MaximumLength = 107;

    public static ReadOnlySpan<byte> Start => "PROXY "u8;

    public static ReadOnlySpan<byte> Unknown => "PROXY UNKNOWN\r\n"u8;

    /// <inheritdoc cref="ProxyHeaderReader.Read"/>
    public static HeaderVerdict Read(ReadOnlySpan<byte> octets, out ProxyHeader header, out string fault)
    {
        header = default;
        fault = "";
        var start = Math.Min(octets.Length, Start.Length);
        if (!octets[..start].SequenceEqual(Start[..start]))
            return Fail(out fault, "it does not begin with a PROXY protocol header");
        var window = octets[..Math.Min(octets.Length, MaximumLength)];
        var end = window.IndexOf((byte)'\n');
        if (end < 0 && octets.Length < MaximumLength)
            return HeaderVerdict.NeedMore;
        if (end < 0)
            return Fail(out fault, "the line does not end within 107 octets");
        if (window[end - 1] != '\r')
            return Fail(out fault, "the line does not end in CR LF");
        return Judge(octets[Start.Length..(end - 1)], end + 1, out header, out fault);
    }

    /// <summary>Writes a line.</summary>
    /// <param name="source">The client; with a family other than IPv4 and IPv6 the line says UNKNOWN.</param>
    /// <param name="destination">Where it connected to, of the same family.</param>
    /// <param name="buffer">Room for <see cref="MaximumLength"/> octets.</param>
    /// <returns>How many octets were written.</returns>
    public static int Write(in ProxyEndpoint source, in ProxyEndpoint destination, Span<byte> buffer)
    {
        if (source.Family is not (ProxyFamily.IPv4 or ProxyFamily.IPv6) || source.Family != destination.Family)
        {
            Unknown.CopyTo(buffer);
            return Unknown.Length;
        }
        var name = source.Family == ProxyFamily.IPv4 ? "PROXY TCP4 "u8 : "PROXY TCP6 "u8;
        name.CopyTo(buffer);
        var length = name.Length;
        length += AddressText.Write(source, buffer[length..]);
        buffer[length++] = (byte)' ';
        length += AddressText.Write(destination, buffer[length..]);
        buffer[length++] = (byte)' ';
        length += AddressText.WriteDecimal(source.Port, buffer[length..]);
        buffer[length++] = (byte)' ';
        length += AddressText.WriteDecimal(destination.Port, buffer[length..]);
        "\r\n"u8.CopyTo(buffer[length..]);
        return length + 2;
    }

    private static HeaderVerdict Judge(
        ReadOnlySpan<byte> rest, int length, out ProxyHeader header, out string fault)
    {
        header = new() { Length = length, Version = 1, Command = ProxyCommand.Proxy };
        fault = "";
        var protocol = NextWord(ref rest);
        // Whatever follows UNKNOWN says nothing.
        if (protocol.SequenceEqual("UNKNOWN"u8))
            return HeaderVerdict.Whole;
        var isIPv4 = protocol.SequenceEqual("TCP4"u8);
        if (!isIPv4 && !protocol.SequenceEqual("TCP6"u8))
            return Fail(out fault, "the protocol is none of TCP4, TCP6 and UNKNOWN");
        var family = isIPv4 ? ProxyFamily.IPv4 : ProxyFamily.IPv6;
        if (!TryParse(family, NextWord(ref rest), out var source)
            || !TryParse(family, NextWord(ref rest), out var destination))
            return Fail(out fault, "an address is not one of its protocol");
        // The last number has no space behind it, and only the last.
        var hasThree = rest.Count((byte)' ') == 1;
        if (!hasThree || !AddressText.TryParseDecimal(NextWord(ref rest), ushort.MaxValue, out var sourcePort)
            || !AddressText.TryParseDecimal(rest, ushort.MaxValue, out var destinationPort))
            return Fail(out fault, "after the addresses there are not two ports");
        header = new()
        {
            Length = length,
            Version = 1,
            Command = ProxyCommand.Proxy,
            Family = family,
            Transport = ProxyTransport.Stream,
            Source = new(family, source, (ushort)sourcePort),
            Destination = new(family, destination, (ushort)destinationPort),
        };
        return HeaderVerdict.Whole;
    }

    private static bool TryParse(ProxyFamily family, ReadOnlySpan<byte> text, out UInt128 address) =>
        family == ProxyFamily.IPv4
            ? AddressText.TryParseIPv4(text, out address)
            : AddressText.TryParseIPv6(text, out address);

    // One space stands between two words: a second one makes an empty word, which is none of what is expected.
    private static ReadOnlySpan<byte> NextWord(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)' ');
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return word;
    }

    private static HeaderVerdict Fail(out string fault, string what)
    {
        fault = what;
        return HeaderVerdict.Fault;
    }
}

using System.Globalization;

namespace AnycastVip.Proxy.ProxyProtocol;

/// <summary>Addresses and ports as version 1 spells them. Strict, and without a single object.</summary>
internal static class AddressText
{
    private const int IPv4Octets = 4;
    private const int IPv6Bits = 128;
    private const int GroupBits = 16;
    private const int Groups = IPv6Bits / GroupBits;

    /// <summary>Dotted-decimal, four numbers without leading zeros.</summary>
    public static bool TryParseIPv4(ReadOnlySpan<byte> text, out UInt128 address)
    {
        address = 0;
        for (var octet = 1; octet <= IPv4Octets; octet++)
        {
            var end = octet < IPv4Octets ? text.IndexOf((byte)'.') : text.Length;
            if (end < 0 || !TryParseDecimal(text[..end], byte.MaxValue, out var value))
                return false;
            address = address << 8 | (uint)value;
            text = text[Math.Min(end + 1, text.Length)..];
        }
        return true;
    }

    /// <summary>RFC 4291, section 2.2, without a zone.</summary>
    public static bool TryParseIPv6(ReadOnlySpan<byte> text, out UInt128 address)
    {
        var gap = text.IndexOf("::"u8);
        if (gap < 0)
            return TryParseGroups(text, mayEndInIPv4: true, out address, out var bits) && bits == IPv6Bits;
        address = 0;
        if (!TryParseGroups(text[..gap], mayEndInIPv4: false, out var head, out var headBits)
            || !TryParseGroups(text[(gap + 2)..], mayEndInIPv4: true, out var tail, out var tailBits)
            || headBits + tailBits > IPv6Bits - GroupBits)
            return false;
        address = (headBits == 0 ? 0 : head << (IPv6Bits - headBits)) | tail;
        return true;
    }

    /// <summary>Digits, without leading zeros.</summary>
    public static bool TryParseDecimal(ReadOnlySpan<byte> text, int maximum, out int value)
    {
        const int mostDigits = 5;
        return TryParseNumber(text, radix: 10, mostDigits, out value)
            && value <= maximum
            && (text.Length == 1 || text[0] != '0');
    }

    /// <summary>Writes an address as RFC 5952 wants it.</summary>
    /// <returns>How many octets were written; at most 39.</returns>
    public static int Write(in ProxyEndpoint endpoint, Span<byte> buffer) =>
        endpoint.Family == ProxyFamily.IPv4
            ? WriteIPv4((uint)endpoint.Address, buffer)
            : WriteIPv6(endpoint.Address, buffer);

    /// <summary>Writes a number of at most five digits.</summary>
    public static int WriteDecimal(int value, Span<byte> buffer)
    {
        value.TryFormat(buffer, out var written, default, CultureInfo.InvariantCulture);
        return written;
    }

    private static bool TryParseGroups(ReadOnlySpan<byte> text, bool mayEndInIPv4, out UInt128 value, out int bits)
    {
        value = 0;
        bits = 0;
        var isLast = text.IsEmpty;
        while (!isLast && bits < IPv6Bits)
        {
            var end = text.IndexOf((byte)':');
            isLast = end < 0;
            var group = isLast ? text : text[..end];
            if (isLast && mayEndInIPv4 && group.Contains((byte)'.'))
            {
                if (!TryParseIPv4(group, out var tail))
                    return false;
                value = value << 32 | tail;
                bits += 32;
                break;
            }
            if (!TryParseNumber(group, radix: 16, maximumLength: 4, out var number))
                return false;
            value = value << GroupBits | (uint)number;
            bits += GroupBits;
            text = text[(isLast ? 0 : end + 1)..];
        }
        return isLast && bits <= IPv6Bits;
    }

    private static bool TryParseNumber(ReadOnlySpan<byte> text, int radix, int maximumLength, out int value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > maximumLength)
            return false;
        foreach (var octet in text)
        {
            var digit = (char)octet switch
            {
                >= '0' and <= '9' => octet - '0',
                >= 'a' and <= 'f' => octet - 'a' + 10,
                >= 'A' and <= 'F' => octet - 'A' + 10,
                _ => radix,
            };
            if (digit >= radix)
                return false;
            value = value * radix + digit;
        }
        return true;
    }

    private static int WriteIPv4(uint address, Span<byte> buffer)
    {
        var length = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            if (length > 0)
                buffer[length++] = (byte)'.';
            length += WriteDecimal((int)(address >> shift & byte.MaxValue), buffer[length..]);
        }
        return length;
    }

    private static int WriteIPv6(UInt128 address, Span<byte> buffer)
    {
        var (gap, gapLength) = LongestZeros(address);
        var length = 0;
        for (var group = 0; group < Groups; group++)
        {
            if (gapLength > 1 && group == gap)
            {
                "::"u8.CopyTo(buffer[length..]);
                length += 2;
                group += gapLength - 1;
                continue;
            }
            if (length > 0 && buffer[length - 1] != ':')
                buffer[length++] = (byte)':';
            GroupOf(address, group).TryFormat(buffer[length..], out var written, "x", CultureInfo.InvariantCulture);
            length += written;
        }
        return length;
    }

    // Of several equally long runs the first is shortened.
    private static (int Start, int Length) LongestZeros(UInt128 address)
    {
        var (best, bestLength, run) = (0, 0, 0);
        for (var group = 0; group < Groups; group++)
        {
            run = GroupOf(address, group) == 0 ? run + 1 : 0;
            if (run > bestLength)
                (best, bestLength) = (group + 1 - run, run);
        }
        return (best, bestLength);
    }

    private static ushort GroupOf(UInt128 address, int group) =>
        unchecked((ushort)(address >> (IPv6Bits - GroupBits * (group + 1))));
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// Extended communities as operators write and read them: <c>rt:65001:100</c> and <c>soo:192.0.2.1:7</c> (RFC 4360
/// sections 4 and 5, RFC 5668), and any other by its octets: <c>0x4304000000000001</c>.
/// </summary>
public static class ExtendedCommunityText
{
    private const string HexPrefix = "0x";
    private const int HexDigits = 2 * ExtendedCommunity.Length;

    // The high octet of the type says what stands in front of the assigned number; RFC 4360 section 3, RFC 5668.
    private const byte TwoOctetAs = 0;
    private const byte IPv4Address = 1;
    private const byte FourOctetAs = 2;

    private static readonly (string Name, byte SubType)[] SubTypes = [("rt", 2), ("soo", 3)];

    /// <summary>Reads one; false for anything else.</summary>
    public static bool TryParse(string text, out ExtendedCommunity community)
    {
        community = default;
        if (text.StartsWith(HexPrefix, StringComparison.Ordinal))
        {
            var digits = text.AsSpan(HexPrefix.Length);
            return digits.Length == HexDigits
                && ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
                && Assign(value, out community);
        }
        if (text.Split(':') is not [var name, var administrator, var number])
            return false;
        foreach (var (known, subType) in SubTypes)
        {
            if (known == name)
                return TryCompose(subType, administrator, number, out community);
        }
        return false;
    }

    /// <summary>One that <see cref="TryParse"/> reads, in that form.</summary>
    public static string Format(ExtendedCommunity community)
    {
        var value = community.Value;
        var (type, subType) = ((byte)(value >> 56), (byte)(value >> 48));
        foreach (var (name, known) in SubTypes)
        {
            if (known == subType && FormatContent(type, value) is { } content)
                return $"{name}:{content}";
        }
        return string.Create(CultureInfo.InvariantCulture, $"{HexPrefix}{value:x16}");
    }

    /// <summary>For people: as <see cref="Format"/>, and a link bandwidth with its AS number and octets/s.</summary>
    public static string Describe(ExtendedCommunity community)
    {
        if (!community.IsLinkBandwidth)
            return Format(community);
        var octetsPerSecond = BitConverter.UInt32BitsToSingle((uint)community.Value);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"link-bandwidth:{(ushort)(community.Value >> 32)}:{octetsPerSecond:0.###}B/s");
    }

    private static bool TryCompose(byte subType, string administrator, string number, out ExtendedCommunity community)
    {
        community = default;
        if (!TryParseNumber(number, out var assigned))
            return false;
        if (TryParseNumber(administrator, out var asNumber))
        {
            if (asNumber <= ushort.MaxValue)
                return Assign(Head(TwoOctetAs, subType) | ((ulong)asNumber << 32) | assigned, out community);
            return assigned <= ushort.MaxValue
                && Assign(Head(FourOctetAs, subType) | ((ulong)asNumber << 16) | assigned, out community);
        }
        // IPAddress also reads "1.2" and octal octets: only the usual form says the same to everybody.
        return assigned <= ushort.MaxValue
            && IPAddress.TryParse(administrator, out var address)
            && address.AddressFamily == AddressFamily.InterNetwork
            && address.ToString() == administrator
            && Assign(Head(IPv4Address, subType) | ((ulong)Number(address) << 16) | assigned, out community);
    }

    private static string? FormatContent(byte type, ulong value) => type switch
    {
        TwoOctetAs => string.Create(CultureInfo.InvariantCulture, $"{(ushort)(value >> 32)}:{(uint)value}"),
        IPv4Address => string.Create(CultureInfo.InvariantCulture, $"{Address((uint)(value >> 16))}:{(ushort)value}"),
        // What would be read as the two-octet type is left to the octets.
        FourOctetAs when (uint)(value >> 16) > ushort.MaxValue =>
            string.Create(CultureInfo.InvariantCulture, $"{(uint)(value >> 16)}:{(ushort)value}"),
        _ => null,
    };

    private static bool Assign(ulong value, out ExtendedCommunity community)
    {
        community = new(value);
        return true;
    }

    private static ulong Head(byte type, byte subType) => ((ulong)type << 56) | ((ulong)subType << 48);

    // Decimal without sign, spaces or leading zeros.
    private static bool TryParseNumber(string digits, out uint number)
    {
        number = 0;
        return digits is not ['0', _, ..]
            && uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private static uint Number(IPAddress address)
    {
        var octets = address.GetAddressBytes();
        return ((uint)octets[0] << 24) | ((uint)octets[1] << 16) | ((uint)octets[2] << 8) | octets[3];
    }

    private static IPAddress Address(uint number) =>
        new([(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
}

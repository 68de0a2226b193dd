using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>An IPv4 or IPv6 prefix with no host bits set. Orders by family, then address, then length.</summary>
public readonly record struct Prefix : IComparable<Prefix>
{
    private readonly UInt128 _bits;

    private Prefix(bool isIPv6, UInt128 bits, byte length)
    {
        IsIPv6 = isIPv6;
        _bits = bits;
        Length = length;
    }

    /// <summary>True for IPv6.</summary>
    public bool IsIPv6 { get; }

    /// <summary>How many bits count: 0–32, or 0–128 for IPv6.</summary>
    public byte Length { get; }

    /// <summary>The prefix's family, unicast.</summary>
    public Family Family => IsIPv6 ? Family.IPv6Unicast : Family.IPv4Unicast;

    /// <summary>How many octets the address takes in NLRI: the fewest that hold <see cref="Length"/> bits.</summary>
    public int NlriAddressOctets => (Length + 7) / 8;

    /// <summary>Takes the address octets of NLRI (RFC 4271 section 4.3); bits beyond the length are cleared.</summary>
    /// <param name="isIPv6">The family.</param>
    /// <param name="address">At least as many octets as <paramref name="length"/> bits need.</param>
    /// <param name="length">0–32, or 0–128 for IPv6.</param>
    public static Prefix FromNlri(bool isIPv6, ReadOnlySpan<byte> address, byte length)
    {
        Span<byte> octets = stackalloc byte[16];
        octets.Clear();
        address[..((length + 7) / 8)].CopyTo(octets);
        var bits = BinaryPrimitives.ReadUInt128BigEndian(octets) & Mask(length);
        return new(isIPv6, bits, length);
    }

    /// <summary>Makes a prefix from an address; null when the length is out of range or host bits are set.</summary>
    public static Prefix? Create(IPAddress address, int length)
    {
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        if (length < 0 || length > (isIPv6 ? 128 : 32))
            return null;
        Span<byte> octets = stackalloc byte[16];
        octets.Clear();
        address.TryWriteBytes(octets, out _);
        var bits = BinaryPrimitives.ReadUInt128BigEndian(octets);
        return (bits & ~Mask(length)) == UInt128.Zero ? new(isIPv6, bits, (byte)length) : null;
    }

    /// <summary>Reads CIDR notation, <c>203.0.113.50/32</c>; false for anything else, host bits included.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Prefix prefix)
    {
        prefix = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash <= 0
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || !IsPlainAddress(text.AsSpan(0, slash))
            || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || Create(address, length) is not { } parsed)
            return false;
        prefix = parsed;
        return true;
    }

    /// <summary>True when every address of <paramref name="other"/> lies in this prefix.</summary>
    public bool Contains(Prefix other) =>
        IsIPv6 == other.IsIPv6 && other.Length >= Length && (other._bits & Mask(Length)) == _bits;

    /// <summary>Writes the NLRI form, length octet and address octets; returns how many octets.</summary>
    public int WriteNlri(Span<byte> destination)
    {
        destination[0] = Length;
        var octets = NlriAddressOctets;
        var bits = _bits;
        for (var i = 1; i <= octets; i++)
        {
            destination[i] = (byte)(bits >> 120);
            bits <<= 8;
        }
        return octets + 1;
    }

    /// <summary>The network address.</summary>
    public IPAddress Address
    {
        get
        {
            Span<byte> octets = stackalloc byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(octets, _bits);
            return new IPAddress(IsIPv6 ? octets : octets[..4]);
        }
    }

    /// <inheritdoc/>
    public int CompareTo(Prefix other)
    {
        if (IsIPv6 != other.IsIPv6)
            return IsIPv6 ? 1 : -1;
        return _bits == other._bits ? Length - other.Length : _bits < other._bits ? -1 : 1;
    }

    /// <summary>CIDR notation.</summary>
    public override string ToString() => $"{Address}/{Length}";

    // IPAddress.TryParse also takes "1.2", "0x1.2.3.4", "[::1]" and "::1%eth0": none is an address in CIDR notation.
    private static bool IsPlainAddress(ReadOnlySpan<char> text) =>
        text.Contains(':')
            ? text.IndexOfAnyExcept("0123456789abcdefABCDEF:.") < 0
            : text.Count('.') == 3 && text.IndexOfAnyExcept("0123456789.") < 0 && !HasLeadingZero(text);

    private static bool HasLeadingZero(ReadOnlySpan<char> text)
    {
        foreach (var range in text.Split('.'))
        {
            if (text[range] is ['0', _, ..])
                return true;
        }
        return false;
    }

    private static UInt128 Mask(int length) => length == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - length);
}

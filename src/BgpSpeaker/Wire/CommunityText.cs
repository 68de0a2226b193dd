using System.Globalization;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Communities as operators write and read them.</summary>
public static class CommunityText
{
    /// <summary>The well-known communities by the names that configuration, API and views share.</summary>
    public static readonly ValueList<(string Name, uint Value)> WellKnown =
    [
        ("graceful-shutdown", WellKnownCommunity.GracefulShutdown),
        ("blackhole", WellKnownCommunity.Blackhole),
        ("no-export", WellKnownCommunity.NoExport),
        ("no-advertise", WellKnownCommunity.NoAdvertise),
        ("no-export-subconfed", WellKnownCommunity.NoExportSubconfed),
        ("no-peer", WellKnownCommunity.NoPeer),
    ];

    /// <summary>Reads <c>65001:100</c> or a well-known name; false for anything else.</summary>
    public static bool TryParse(string text, out uint community)
    {
        foreach (var (name, value) in WellKnown)
        {
            if (name == text)
            {
                community = value;
                return true;
            }
        }
        Span<uint> parts = stackalloc uint[2];
        community = 0;
        if (!TryParseNumbers(text, ushort.MaxValue, parts))
            return false;
        community = (parts[0] << 16) | parts[1];
        return true;
    }

    /// <summary>Reads <c>65001:1:2</c>, RFC 8092 section 5; false for anything else.</summary>
    public static bool TryParseLarge(string text, out LargeCommunity community)
    {
        Span<uint> parts = stackalloc uint[3];
        var parsed = TryParseNumbers(text, uint.MaxValue, parts);
        community = new LargeCommunity(parts[0], parts[1], parts[2]);
        return parsed;
    }

    /// <summary>The well-known name, or <c>65001:100</c>.</summary>
    public static string Format(uint community)
    {
        foreach (var (name, value) in WellKnown)
        {
            if (value == community)
                return name;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{community >> 16}:{community & 0xFFFF}");
    }

    // Decimal numbers without signs, spaces or leading zeros, as many as parts has room for.
    private static bool TryParseNumbers(string text, uint maximum, Span<uint> parts)
    {
        var count = 0;
        foreach (var range in text.AsSpan().Split(':'))
        {
            var digits = text.AsSpan(range);
            if (count == parts.Length
                || digits is ['0', _, ..]
                || !uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out parts[count])
                || parts[count] > maximum)
                return false;
            count++;
        }
        return count == parts.Length;
    }
}

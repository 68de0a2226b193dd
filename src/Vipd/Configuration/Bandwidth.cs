using System.Globalization;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Rates of links: a whole number with its unit, in steps of 1000.</summary>
internal static class Bandwidth
{
    private const ulong Maximum = 1_000_000_000_000_000;

    private static readonly (string Unit, ulong BitsPerSecond)[] Units =
        [("kbit", 1_000), ("Mbit", 1_000_000), ("Gbit", 1_000_000_000), ("Tbit", 1_000_000_000_000)];

    /// <summary>A rate in bit/s.</summary>
    public static ScalarType<ulong> Type { get; } = new(
        "rate 1kbit–1000Tbit (a second)",
        """{"type":"string","pattern":"^[1-9][0-9]*(kbit|Mbit|Gbit|Tbit)$"}""",
        scalar => Read(scalar.Text));

    private static ScalarResult<ulong> Read(string text)
    {
        var end = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var (number, unit) = end < 0 ? (text, "") : (text[..end], text[end..]);
        if (number.Length == 0 || number[0] == '0')
            return new Refused($"{text.Quoted()} is not a rate such as 100Mbit or 10Gbit");
        var scale = Units.FirstOrDefault(known => known.Unit == unit).BitsPerSecond;
        if (scale == 0)
            return new Refused($"{text.Quoted()} needs a unit: kbit, Mbit, Gbit or Tbit");
        return ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= Maximum / scale
                ? count * scale
                : new Refused($"{text.Quoted()} is not in the range 1kbit–1000Tbit");
    }
}

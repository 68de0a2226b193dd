using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace AnycastVip.StrictYaml;

/// <summary>The types that any configuration needs.</summary>
public static class ScalarTypes
{
    private const string BooleanSchema = """{"type":"boolean"}""";

    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
    ];

    /// <summary>Any text but the empty one.</summary>
    public static ScalarType<string> Text { get; } = new(
        "text",
        """{"type":"string","minLength":1}""",
        scalar => scalar.Text.Length > 0 ? scalar.Text : new Refused("must not be empty"));

    /// <summary><c>true</c> or <c>false</c>, without quotes.</summary>
    public static ScalarType<bool> Boolean { get; } = new(
        "true or false",
        BooleanSchema,
        scalar => scalar switch
        {
            { IsPlain: true, Text: "true" } => true,
            { IsPlain: true, Text: "false" } => false,
            { IsPlain: false, Text: "true" or "false" } => new Refused($"{scalar.Text} must be written without quotes"),
            _ => new Refused($"{scalar.Text.Quoted()} is neither true nor false"),
        });

    /// <summary>An IPv4 or IPv6 address without scope, IPv4 as four decimal numbers.</summary>
    public static ScalarType<IPAddress> Address { get; } = new(
        "IP address",
        """{"type":"string"}""",
        scalar => TryParseAddress(scalar.Text, out var address)
            ? address
            : new Refused($"{scalar.Text.Quoted()} is not an IP address"));

    /// <summary>A decimal number without sign or leading zeros, in a range.</summary>
    public static ScalarType<long> Integer(long minimum, long maximum) => new(
        $"whole number {minimum}–{maximum}",
        $$"""{"type":"integer","minimum":{{minimum}},"maximum":{{maximum}}}""",
        scalar =>
        {
            if (!scalar.IsPlain || !IsDecimal(scalar.Text))
                return new Refused($"{scalar.Text.Quoted()} is not a whole number in decimal digits without quotes");
            return long.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                && value >= minimum && value <= maximum
                    ? value
                    : new Refused($"{scalar.Text.Quoted()} is not in the range {minimum}–{maximum}");
        });

    /// <summary>A whole number with its unit, one of ms, s, m, h, in a range.</summary>
    public static ScalarType<TimeSpan> Duration(TimeSpan minimum, TimeSpan maximum) => new(
        $"duration {Format(minimum)}–{Format(maximum)}",
        """{"type":"string","pattern":"^(0|[1-9][0-9]*)(ms|s|m|h)$"}""",
        scalar => ReadDuration(scalar.Text, minimum, maximum));

    /// <summary>One of a few words.</summary>
    /// <param name="choices">The words with what they mean.</param>
    public static ScalarType<T> Choice<T>(params (string Word, T Value)[] choices)
    {
        var words = choices.Select(choice => choice.Word).ToArray();
        var list = string.Join(", ", words);
        return new(
            string.Join(" or ", words),
            $$"""{"enum":{{JsonStringArray(words)}}}""",
            scalar =>
            {
                var index = Array.IndexOf(words, scalar.Text);
                return index >= 0
                    ? choices[index].Value
                    : new Refused($"{scalar.Text.Quoted()} is not one of {list}{Suggestion.For(scalar.Text, words)}");
            });
    }

    /// <summary>A duration in the form in which it is read, in the greatest unit that takes it whole.</summary>
    public static string Format(TimeSpan duration)
    {
        var (unit, length) = Units.Last(unit => unit.Length == Units[0].Length || IsWhole(duration, unit.Length));
        return $"{duration.Ticks / length.Ticks}{unit}";
    }

    /// <summary>Reads an address strictly: no scope, no brackets, four decimal octets for IPv4.</summary>
    public static bool TryParseAddress(string text, out IPAddress address)
    {
        address = IPAddress.None;
        // IPAddress.TryParse also takes "1", "0x7f.1", "010.0.0.1" (octal), "[::1]:80" and "fe80::1%eth0".
        if (text.AsSpan().IndexOfAnyExcept("0123456789abcdefABCDEF:.") >= 0
            || !IPAddress.TryParse(text, out var parsed)
            || (parsed.AddressFamily == AddressFamily.InterNetwork && parsed.ToString() != text))
            return false;
        address = parsed;
        return true;
    }

    private static bool IsWhole(TimeSpan duration, TimeSpan length) =>
        duration != TimeSpan.Zero ? duration.Ticks % length.Ticks == 0 : length == TimeSpan.FromSeconds(1);

    private static bool IsDecimal(string text) =>
        text.Length > 0 && text.All(char.IsAsciiDigit) && (text[0] != '0' || text.Length == 1);

    private static ScalarResult<TimeSpan> ReadDuration(string text, TimeSpan minimum, TimeSpan maximum)
    {
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        var number = text[..(digits < 0 ? text.Length : digits)];
        var unit = text[number.Length..];
        if (!IsDecimal(number) || !unit.All(char.IsAsciiLetter))
            return new Refused($"{text.Quoted()} is not a duration such as 300ms, 5s, 1m");
        if (unit.Length == 0)
            return new Refused($"{text.Quoted()} needs a unit: ms, s, m or h");
        var length = Units.FirstOrDefault(known => known.Unit == unit).Length;
        if (length == TimeSpan.Zero)
            return new Refused($"{unit.Quoted()} is not a unit of time: use ms, s, m or h");
        // Compared as a count of units, so that no number of digits can overflow.
        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count > maximum.Ticks / length.Ticks || length * count < minimum)
            return new Refused($"{text.Quoted()} is not in the range {Format(minimum)}–{Format(maximum)}");
        return length * count;
    }

    // Written by hand: the reflecting serializer cannot be trimmed.
    private static string JsonStringArray(IEnumerable<string> words) =>
        $"[{string.Join(",", words.Select(word => $"\"{JsonEncodedText.Encode(word)}\""))}]";
}

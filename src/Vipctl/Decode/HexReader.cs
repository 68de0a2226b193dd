using System.Globalization;
using System.Text.RegularExpressions;

namespace AnycastVip.Vipctl.Decode;

/// <summary>
/// Reads octets written in hexadecimal, as people paste them: <c>ffff</c>, <c>ff:ff</c>, <c>0xff, 0xff</c>, over any
/// number of lines, or the dumps of tcpdump, hexdump -C, xxd and Wireshark with their offsets and text columns.
/// </summary>
internal static partial class HexReader
{
    /// <summary>Reads <paramref name="text"/>; false with one line that says what is wrong where.</summary>
    public static bool TryRead(string text, out byte[] octets, out string error)
    {
        var read = new List<byte>();
        error = "";
        var inDump = false;
        foreach (var (index, line) in text.Split('\n').Index())
        {
            var (start, end) = HexColumns(line, read.Count, ref inDump);
            var fault = ReadLine(line, start, end, read);
            if (fault is var (column, what))
            {
                error = $"line {index + 1}, column {column + 1}: {what}";
                break;
            }
        }
        octets = error.Length == 0 ? [.. read] : [];
        return error.Length == 0;
    }

    // Where the octets of a line are: behind a dump's offset, and before its column of text.
    private static (int Start, int End) HexColumns(string line, int octetsBefore, ref bool inDump)
    {
        var offset = Offset().Match(line);
        if (!offset.Success)
            return (0, line.Length);
        var hasColon = offset.Groups["colon"].Success;
        // Without a colon the number may be data; it is an offset when it tells how many octets came before, and
        // alone on its line (hexdump's last) only below another.
        var isCount = uint.Parse(offset.Groups["number"].Value, NumberStyles.HexNumber, null) == octetsBefore;
        var isAlone = offset.Length == line.Length;
        inDump = hasColon || (isCount && (inDump || !isAlone));
        if (!inDump)
            return (0, line.Length);
        var end = hasColon ? line.IndexOf("  ", offset.Length, StringComparison.Ordinal)
            : line.Contains('|', StringComparison.Ordinal) ? line.IndexOf('|', StringComparison.Ordinal)
            : line.IndexOf("   ", offset.Length, StringComparison.Ordinal);
        return (offset.Length, end < 0 ? line.Length : end);
    }

    private static (int Column, string What)? ReadLine(string line, int start, int end, List<byte> octets)
    {
        for (var i = start; i < end;)
        {
            if (IsSeparator(line[i]))
                i++;
            else if (i + 2 < end && line[i] is '0' or '\\' && line[i + 1] is 'x' or 'X')
                i += 2;
            else if (!char.IsAsciiHexDigit(line[i]))
                return (i, $"'{Output.Table.Printable(line[i].ToString())}' is no hexadecimal digit");
            else if (i + 1 >= end || !char.IsAsciiHexDigit(line[i + 1]))
                return (i, $"'{line[i]}' is half an octet: octets have two digits");
            else
            {
                octets.Add(byte.Parse(line.AsSpan(i, 2), NumberStyles.HexNumber, null));
                i += 2;
            }
        }
        return null;
    }

    private static bool IsSeparator(char c) => c is ':' or ',' or '-' or '.' || char.IsWhiteSpace(c);

    [GeneratedRegex(@"^\s*(0x)?(?<number>[0-9A-Fa-f]{4,8})((?<colon>:)(\s+|$)|\s{2,}|\s*$)")]
    private static partial Regex Offset();
}

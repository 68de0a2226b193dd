using System.Text;

namespace AnycastVip.StrictYaml;

/// <summary>Turns octets into text that has one meaning only, and finds where it has not.</summary>
internal static class SourceText
{
    /// <summary>The text without its byte order mark; null after an error.</summary>
    public static string? Decode(ReadOnlySpan<byte> octets, YamlOptions options, DiagnosticList diagnostics)
    {
        if (octets.Length > options.MaximumOctets)
        {
            diagnostics.Error(Position.Start, $"the file has more than {options.MaximumOctets} octets");
            return null;
        }
        if (octets.StartsWith("\uFEFF"u8))
            octets = octets[3..];
        var valid = ValidUtf8Prefix(octets);
        var text = Encoding.UTF8.GetString(octets[..valid]);
        if (valid < octets.Length)
        {
            diagnostics.Error(EndOf(text), $"octet 0x{octets[valid]:X2} is not UTF-8");
            return null;
        }
        return HasForbiddenCharacter(text, diagnostics) ? null : text;
    }

    /// <summary>The position just behind the last character of <paramref name="text"/>.</summary>
    public static Position EndOf(ReadOnlySpan<char> text) =>
        new(text.Count('\n') + 1, text.Length - text.LastIndexOf('\n'));

    private static int ValidUtf8Prefix(ReadOnlySpan<byte> octets)
    {
        var length = 0;
        while (length < octets.Length)
        {
            if (Rune.DecodeFromUtf8(octets[length..], out _, out var consumed) != System.Buffers.OperationStatus.Done)
                break;
            length += consumed;
        }
        return length;
    }

    // U+0085, U+2028, U+2029 and a lone CR break lines for some YAML readers and for no editor: positions would differ.
    private static bool HasForbiddenCharacter(string text, DiagnosticList diagnostics)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var character = text[i];
            var isLoneReturn = character == '\r' && (i + 1 == text.Length || text[i + 1] != '\n');
            var isForbidden = isLoneReturn
                || (char.IsControl(character) && character is not ('\t' or '\n' or '\r'))
                || character is '\u2028' or '\u2029' or '\uFEFF' or '\uFFFE' or '\uFFFF';
            if (!isForbidden)
                continue;
            diagnostics.Error(
                EndOf(text.AsSpan(0, i)),
                $"the character U+{(int)character:X4} is not allowed here: write it as an escape in double quotes");
            return true;
        }
        return false;
    }
}

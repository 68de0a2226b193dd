using System.Globalization;
using System.Text;

namespace AnycastVip.StrictYaml;

/// <summary>Shows a file's own text in messages.</summary>
public static class Quotation
{
    private const int Longest = 60;

    /// <summary>
    /// The text in single quotes, on one line, cut after 60 characters: neither a line break nor a terminal's escape
    /// sequence in a file may reach the reader of a message.
    /// </summary>
    public static string Quoted(this string text)
    {
        var shown = new StringBuilder("'");
        foreach (var character in text.AsSpan(0, Math.Min(text.Length, Longest)))
        {
            if (char.IsControl(character) || char.IsSurrogate(character))
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else
                shown.Append(character);
        }
        return shown.Append(text.Length > Longest ? "…'" : "'").ToString();
    }
}

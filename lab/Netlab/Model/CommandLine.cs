using System.Text;

namespace AnycastVip.Netlab.Model;

/// <summary>
/// Splits a command line into its arguments as containerlab does: blanks separate, quotes and backslashes protect, and
/// no shell is involved, so that <c>|</c>, <c>&amp;&amp;</c> and <c>*</c> are plain arguments.
/// </summary>
internal static class CommandLine
{
    /// <summary>The arguments, or null with the reason.</summary>
    public static (IReadOnlyList<string>? Arguments, string? Error) Split(string line)
    {
        var arguments = new List<string>();
        var word = new StringBuilder();
        var inWord = false;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (char.IsWhiteSpace(c))
            {
                if (inWord)
                    arguments.Add(word.ToString());
                word.Clear();
                inWord = false;
                continue;
            }
            if (c == '#' && !inWord)
                return (null, "an unquoted '#' starts a comment in containerlab; quote it");
            inWord = true;
            if (c is '\'' or '"')
            {
                i = CopyQuoted(line, i, word);
                if (i < 0)
                    return (null, $"a quote ({c}) is not closed");
            }
            else if (c == '\\')
            {
                if (++i == line.Length)
                    return (null, "nothing follows the last backslash");
                word.Append(line[i]);
            }
            else
            {
                word.Append(c);
            }
        }
        if (inWord)
            arguments.Add(word.ToString());
        return arguments.Count == 0 ? (null, "the command is empty") : (arguments, null);
    }

    // Returns the closing quote's index; -1 when there is none.
    private static int CopyQuoted(string line, int opening, StringBuilder word)
    {
        var quote = line[opening];
        for (var i = opening + 1; i < line.Length; i++)
        {
            if (line[i] == quote)
                return i;
            // Only double quotes leave the backslash its meaning.
            if (line[i] == '\\' && quote == '"' && ++i == line.Length)
                return -1;
            word.Append(line[i]);
        }
        return -1;
    }
}

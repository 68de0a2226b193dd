using System.Globalization;
using System.Text.RegularExpressions;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

/// <summary>Reads the HEX language of <c>vectors/README.md</c>.</summary>
internal sealed partial class VectorHex(IReadOnlyDictionary<string, byte[]> definitions)
{
    public byte[] Parse(string text)
    {
        var tokens = new Queue<Match>();
        var end = 0;
        foreach (Match token in Token().Matches(text))
        {
            if (text[end..token.Index].Trim().Length > 0)
                throw new FormatException($"Not understood: {text[end..token.Index]}");
            end = token.Index + token.Length;
            tokens.Enqueue(token);
        }
        if (text[end..].Trim().Length > 0)
            throw new FormatException($"Not understood: {text[end..]}");
        var octets = Sequence(tokens);
        return tokens.Count == 0 ? octets : throw new FormatException($"'}}' without '{{' in: {text}");
    }

    private byte[] Sequence(Queue<Match> tokens)
    {
        var octets = new List<byte>();
        while (tokens.TryPeek(out var token) && !token.Value.StartsWith('}'))
            octets.AddRange(Item(tokens));
        return [.. octets];
    }

    private byte[] Item(Queue<Match> tokens)
    {
        var token = tokens.Dequeue();
        var word = token.Groups["word"].Value;
        if (!word.EndsWith('{'))
            return Repeat(Word(word), token);
        var content = Sequence(tokens);
        if (!tokens.TryDequeue(out var close))
            throw new FormatException("'}' is missing.");
        return Repeat(Enclose(word, content), close);
    }

    private byte[] Word(string word) => word switch
    {
        "marker" => Marker(),
        ['$', .. var name] => definitions[name],
        _ => Convert.FromHexString(word),
    };

    private static byte[] Enclose(string opener, byte[] content) => opener switch
    {
        "{" => content,
        "u8{" => [checked((byte)content.Length), .. content],
        "u16{" => [.. UInt16(content.Length), .. content],
        _ => [.. Marker(), .. UInt16(content.Length + 19), Convert.FromHexString(opener[4..6])[0], .. content],
    };

    private static byte[] Repeat(byte[] octets, Match token)
    {
        var times = token.Groups["times"];
        var count = times.Success ? int.Parse(times.Value, CultureInfo.InvariantCulture) : 1;
        return [.. Enumerable.Repeat(octets, count).SelectMany(each => each)];
    }

    private static byte[] Marker() => [.. Enumerable.Repeat((byte)0xFF, 16)];

    private static byte[] UInt16(int value) => [checked((byte)(value >> 8)), (byte)value];

    [GeneratedRegex(@"(?<word>msg:[0-9a-f]{2}\{|u8\{|u16\{|\{|\}|\$[a-z0-9]+|marker|[0-9a-f]+)(\*(?<times>[0-9]+))?")]
    private static partial Regex Token();
}

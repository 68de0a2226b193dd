namespace AnycastVip.BgpSpeaker.Tests.Wire;

/// <summary>The octets of <c>encoded-messages.txt</c>, by name.</summary>
internal static class EncodedMessages
{
    private static readonly Dictionary<string, string> ByName = Read();

    public static string Hex(string name) => ByName[name];

    private static Dictionary<string, string> Read()
    {
        var messages = new Dictionary<string, string>();
        var name = "";
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Wire", "encoded-messages.txt")))
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (line[0] != ' ')
                name = line[..line.IndexOf(':', StringComparison.Ordinal)];
            var digits = line[0] == ' ' ? line : line[(name.Length + 1)..];
            messages[name] = messages.GetValueOrDefault(name, "")
                + digits.Replace("marker", new string('f', 32), StringComparison.Ordinal)
                    .Replace(" ", "", StringComparison.Ordinal);
        }
        return messages;
    }
}

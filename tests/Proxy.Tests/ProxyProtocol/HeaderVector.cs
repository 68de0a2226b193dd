using System.Text;
using AnycastVip.BgpSpeaker.Tests.Wire;

namespace AnycastVip.Proxy.Tests.ProxyProtocol;

/// <summary>One vector of <c>vectors/proxy-protocol.txt</c>; the README beside it says what the lines mean.</summary>
/// <param name="Name">Unique.</param>
/// <param name="Header">What comes.</param>
/// <param name="Following">What comes behind it.</param>
/// <param name="Answer">What the reader shall say.</param>
internal sealed record HeaderVector(string Name, byte[] Header, byte[] Following, string Answer);

/// <summary>Reads the vectors beside the test assembly.</summary>
internal static class HeaderVectors
{
    public static IReadOnlyList<HeaderVector> All { get; } = Read();

    private static List<HeaderVector> Read()
    {
        var definitions = new Dictionary<string, byte[]>();
        var hex = new VectorHex(definitions);
        var vectors = new List<HeaderVector>();
        var path = Path.Combine(AppContext.BaseDirectory, "vectors", "proxy-protocol.txt");
        foreach (var line in File.ReadAllLines(path).Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (line[0] == '[')
            {
                vectors.Add(new(line, [], [], ""));
                continue;
            }
            var (key, value) = Split(line, ':');
            switch (key)
            {
                case "define":
                    var (name, octets) = Split(value, '=');
                    definitions.Add(name, hex.Parse(octets));
                    break;
                case "text":
                    var text = value.Replace(@"\r", "\r", StringComparison.Ordinal)
                        .Replace(@"\n", "\n", StringComparison.Ordinal);
                    vectors[^1] = vectors[^1] with { Header = Encoding.ASCII.GetBytes(text) };
                    break;
                case "hex":
                    vectors[^1] = vectors[^1] with { Header = hex.Parse(value) };
                    break;
                case "more":
                    vectors[^1] = vectors[^1] with { Following = hex.Parse(value) };
                    break;
                case "expect":
                    vectors[^1] = vectors[^1] with { Answer = value };
                    break;
                default:
                    throw new FormatException($"No such key: {line}");
            }
        }
        return vectors;
    }

    // Spaces at the end of a text count.
    private static (string Left, string Right) Split(string line, char separator)
    {
        var index = line.IndexOf(separator, StringComparison.Ordinal);
        return (line[..index].Trim(), line[(index + 1)..].TrimStart());
    }
}

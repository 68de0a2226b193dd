using System.Globalization;
using System.Text;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>What happened: a hash over everything, and the last lines for people.</summary>
internal sealed class Trace(Timeline time, int kept)
{
    private const ulong HashBasis = 14695981039346656037;
    private const ulong HashPrime = 1099511628211;

    private readonly Line[] _lines = new Line[kept];
    private long _count;

    /// <summary>FNV-1a over every line, the same on every machine.</summary>
    public ulong Hash { get; private set; } = HashBasis;

    public void Add(string who, string what, string detail = "", long number = 0)
    {
        _lines[_count++ % kept] = new(time.Now, who, what, detail, number);
        Mix((ulong)time.Now.Ticks);
        Mix(who);
        Mix(what);
        Mix(detail);
        Mix((ulong)number);
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        for (var i = Math.Max(0, _count - kept); i < _count; i++)
        {
            var line = _lines[i % kept];
            text.Append(
                CultureInfo.InvariantCulture,
                $"{line.At.TotalSeconds,12:0.000000} {line.Who,-6} {line.What} {line.Detail} {line.Number}\n");
        }
        return text.ToString();
    }

    private void Mix(string text)
    {
        foreach (var character in text)
            Mix(character);
    }

    private void Mix(ulong value) => Hash = unchecked((Hash ^ value) * HashPrime);

    private readonly record struct Line(TimeSpan At, string Who, string What, string Detail, long Number);
}

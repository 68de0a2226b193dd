namespace AnycastVip.HealthGate.Checks;

/// <summary>
/// Makes strangers' text fit for a reason: its first line, without control characters, of bounded length.
/// </summary>
internal static class OneLine
{
    private const int LengthMax = 200;

    public static string Of(string text)
    {
        var line = text.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        line = end < 0 ? line : line[..end];
        line = line.Length > LengthMax ? line[..LengthMax] : line;
        return string.Concat(line.ToString().Select(letter => char.IsControl(letter) ? ' ' : letter)).Trim();
    }
}

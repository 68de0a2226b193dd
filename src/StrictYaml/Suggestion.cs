namespace AnycastVip.StrictYaml;

/// <summary>Finds what a mistyped word was meant to be.</summary>
public static class Suggestion
{
    /// <summary><c> (did you mean 'x'?)</c> for the nearest known word; empty when none is near.</summary>
    public static string For(string word, IEnumerable<string> known)
    {
        var typed = Normalize(word);
        var best = known
            .Select(candidate => (Candidate: candidate, Distance: Distance(typed, Normalize(candidate))))
            .OrderBy(pair => pair.Distance)
            .FirstOrDefault();
        // A third of the letters may be wrong: further away, a suggestion misleads more often than it helps.
        return best.Candidate is not null && best.Distance <= Math.Max(1, typed.Length / 3)
            ? $" (did you mean {best.Candidate.Quoted()}?)"
            : "";
    }

    // hold_time, hold-time and HoldTime are all holdTime.
    private static string Normalize(string word) =>
        word.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    // Optimal string alignment distance: insertion, deletion, substitution, and transposition of neighbours.
    private static int Distance(string a, string b)
    {
        // Long words are no typing errors of keys; the bound keeps the table small whatever a file holds.
        if (Math.Abs(a.Length - b.Length) > 8)
            return int.MaxValue;
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    table[i, j] = i + j;
                    continue;
                }
                var substitution = table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                table[i, j] = Math.Min(substitution, Math.Min(table[i - 1, j], table[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
            }
        }
        return table[a.Length, b.Length];
    }
}

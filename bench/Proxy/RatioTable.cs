using System.Globalization;

namespace AnycastVip.Bench.Proxy;

/// <summary>Medians of several rounds beside those of the first row.</summary>
internal static class RatioTable
{
    /// <summary>One line per proxy.</summary>
    /// <param name="metrics">The columns.</param>
    /// <param name="rows">Each proxy's rounds. The first one is 1.</param>
    public static IEnumerable<string> Lines(
        IReadOnlyList<Metric> metrics, IReadOnlyList<(string Name, List<Sample> Rounds)> rows)
    {
        var head = metrics.Select(metric => $"{metric.Name,10}{"ratio",6} {"(rounds)",-12}");
        yield return $"  {"",-24}{string.Concat(head)}{"failed",8}";
        foreach (var (name, rounds) in rows)
        {
            var columns = metrics.Select(metric => Column(metric, rounds, rows[0].Rounds));
            yield return $"  {name,-24}{string.Concat(columns)}{rounds.Sum(round => round.Failed),8}";
        }
    }

    private static string Column(Metric metric, List<Sample> rounds, List<Sample> reference)
    {
        var median = Median(rounds.Select(metric.Of));
        if (double.IsNaN(median))
            return $"{"-",10}{"",19}";
        var ratio = median / Median(reference.Select(metric.Of));
        var ratios = rounds.Zip(reference, (own, other) => metric.Of(own) / metric.Of(other)).ToList();
        var spread = string.Create(CultureInfo.InvariantCulture, $"({ratios.Min():F2}-{ratios.Max():F2})");
        var figure = median.ToString(metric.Format, CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{figure,10}{ratio,6:F2} {spread,-12}");
    }

    /// <summary>The middle one.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

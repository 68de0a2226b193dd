using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Bench.Node;

/// <summary>Durations of many trials.</summary>
internal sealed class Distribution
{
    private const int WidestBar = 50;
    private static readonly double[] BucketMilliseconds = [0.5, 1, 1.5, 2, 3, 5, 10, 20, 50, 100];

    private readonly List<double> _milliseconds = [];

    public static string Header =>
        $"{"",-52}{"trials",7}{"first",10}{"min",10}{"p50",10}{"p99",10}{"max",10}  bar";

    /// <summary>How many were added.</summary>
    public int Count => _milliseconds.Count;

    /// <summary>The last one that was added, in milliseconds.</summary>
    public double Last => _milliseconds[^1];

    /// <summary>The middle one, in milliseconds.</summary>
    public double Median => Percentile([.. _milliseconds.Order()], 50);

    /// <summary>The least, in milliseconds.</summary>
    public double Least => _milliseconds.Min();

    /// <summary>Adds one.</summary>
    public void Add(TimeSpan taken) => _milliseconds.Add(taken.TotalMilliseconds);

    /// <summary>From one timestamp (<see cref="Stopwatch"/>) to another.</summary>
    public void Add(long from, long to) => _milliseconds.Add(Stopwatch.GetElapsedTime(from, to).TotalMilliseconds);

    /// <summary>One row under <see cref="Header"/>.</summary>
    /// <param name="name">What was measured.</param>
    /// <param name="bar">What is asked for.</param>
    public string Row(string name, string bar)
    {
        if (_milliseconds.Count == 0)
            return $"{name,-52}{0,7}";
        var sorted = _milliseconds.Order().ToArray();
        // The first trial meets code that has never run.
        double[] shown = [_milliseconds[0], sorted[0], Percentile(sorted, 50), Percentile(sorted, 99), sorted[^1]];
        var columns = string.Concat(shown.Select(value => $"{Text(value),10}"));
        return $"{name,-52}{sorted.Length,7}{columns}  {bar}";
    }

    /// <summary>How many trials fell into which span, one line each.</summary>
    public IEnumerable<string> Histogram()
    {
        double[] limits = [.. BucketMilliseconds, double.PositiveInfinity];
        var counts = limits.Select((limit, i) =>
            _milliseconds.Count(value => value <= limit && (i == 0 || value > limits[i - 1]))).ToArray();
        var most = Math.Max(1, counts.Max());
        var last = Array.FindLastIndex(counts, count => count > 0);
        for (var i = 0; i <= last; i++)
        {
            var label = i < BucketMilliseconds.Length ? $"<= {Text(limits[i])}" : $"> {Text(limits[i - 1])}";
            yield return $"  {label,-14}{counts[i],5}  {new string('#', WidestBar * counts[i] / most)}";
        }
    }

    private static double Percentile(double[] sorted, int percent) => sorted[(sorted.Length - 1) * percent / 100];

    private static string Text(double milliseconds) =>
        milliseconds.ToString(milliseconds < 100 ? "0.00" : "0", CultureInfo.InvariantCulture) + " ms";
}

using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Bench.Node;

/// <summary>What a process takes.</summary>
/// <param name="At">When (<see cref="Stopwatch"/>).</param>
/// <param name="Span">Over which time the next two were counted.</param>
/// <param name="Processor">User and system time.</param>
/// <param name="WakeUps">How often its threads waited for something.</param>
/// <param name="PssKilobytes">Proportional set size: pages that several processes share are divided among them.</param>
internal readonly record struct Usage(
    long At, TimeSpan Span, TimeSpan Processor, long WakeUps, long PssKilobytes)
{
    /// <summary>Since the process's start.</summary>
    public static Usage Of(int pid)
    {
        using var process = Process.GetProcessById(pid);
        var wakeUps = Directory.EnumerateDirectories($"/proc/{pid}/task")
            .Sum(task => Field($"{task}/status", "voluntary_ctxt_switches:"));
        return new(
            Stopwatch.GetTimestamp(), default, process.TotalProcessorTime, wakeUps,
            Field($"/proc/{pid}/smaps_rollup", "Pss:"));
    }

    /// <summary>Proportional set size in megabytes.</summary>
    public double PssMegabytes => PssKilobytes * 1.024e-3;

    /// <summary>What was used after an earlier moment. PSS is that of now.</summary>
    public Usage Since(Usage before) => this with
    {
        Span = Stopwatch.GetElapsedTime(before.At, At),
        Processor = Processor - before.Processor,
        WakeUps = WakeUps - before.WakeUps,
    };

    /// <summary>The sum of two processes, over about the same time.</summary>
    public Usage And(Usage other) => this with
    {
        Processor = Processor + other.Processor,
        WakeUps = WakeUps + other.WakeUps,
        PssKilobytes = PssKilobytes + other.PssKilobytes,
    };

    /// <summary>One line: name, PSS, share of a core, wake-ups.</summary>
    public string Row(string name, string bar) => string.Create(
        CultureInfo.InvariantCulture,
        $"{name,-18}{PssMegabytes,7:F1} MB{Processor / Span,12:P2}"
        + $"{WakeUps / Span.TotalSeconds,12:F1}  {bar}");

    private static long Field(string file, string name) => File.ReadLines(file)
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => line[name.Length..].Replace(" kB", "", StringComparison.Ordinal).Trim())
        .Select(text => long.Parse(text, CultureInfo.InvariantCulture)).Single();
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.HealthGate.Checks;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.Bench;

/// <summary>One row of <c>checks</c>.</summary>
/// <param name="Name">Its kind and its rate.</param>
/// <param name="Checks">Each runs once a second.</param>
/// <param name="Probe">Of one of them.</param>
internal sealed record ChecksRow(string Name, int Checks, Func<IPEndPoint, IProbe> Probe);

/// <summary>A process with nothing but checks, which measures itself.</summary>
internal static class ChecksWorker
{
    public const string Command = "checks-worker";

    // Until the four checks a second have had their code compiled for good, too.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(20);

    public static readonly IReadOnlyList<ChecksRow> Rows =
    [
        new("tcp, 200/s", 200, target => new TcpProbe(target)),
        new("http, 200/s", 200, target => new HttpProbe(new() { Target = target })),
        new("tcp, 4/s", 4, target => new TcpProbe(target)),
        // Without what the programs themselves take.
        new("exec, 20/s", 20, _ => new ExecProbe("/bin/true", [])),
    ];

    public static string Header =>
        $"{"",-12}{"of a core",12}{"latency p50",14}{"p99",11}{"late p50",14}{"p99",11}{"runs",8}";

    public static async Task<int> RunAsync(string name, string ports)
    {
        var row = Rows.Single(row => row.Name == name);
        var targets = ports.Split(',').Select(port => int.Parse(port, CultureInfo.InvariantCulture)).ToArray();
        var states = new ConcurrentQueue<RiseFallState>();
        await using var scheduler = new CheckScheduler(
            BootClock.Instance, 64, report => states.Enqueue(report.State));
        for (var i = 0; i < row.Checks; i++)
        {
            var probe = row.Probe(new(IPAddress.Loopback, targets[i]));
            scheduler.Add(new($"{i}", new CheckSettings(), probe, (ulong)i));
        }
        await Task.Delay(WarmUp, BootClock.Instance);
        states.Clear();
        var (cpu, clock) = (Environment.CpuUsage.TotalTime, Stopwatch.StartNew());
        await Task.Delay(Measured, BootClock.Instance);
        var share = (Environment.CpuUsage.TotalTime - cpu) / clock.Elapsed;
        return Print(row, share, [.. states]);
    }

    private static int Print(ChecksRow row, double share, RiseFallState[] states)
    {
        var failed = states.FirstOrDefault(state => !state.Last!.IsOk);
        if (failed is not null || states.Length < row.Checks * (Measured.TotalSeconds - 1))
        {
            Console.Error.WriteLine($"{row.Name}: {states.Length} runs, {failed?.Reason ?? "too few"}");
            return 1;
        }
        var latency = states.Select(state => state.Last!.Latency).Order().ToArray();
        var late = states.Select(state => state.StartedAt!.Value - state.DueAt).Order().ToArray();
        Console.WriteLine(
            $"{row.Name,-12}{share,12:P2}{Text(latency, 50),14}{Text(latency, 99),11}{Text(late, 50),14}"
            + $"{Text(late, 99),11}{states.Length,8}");
        return 0;

        static string Text(TimeSpan[] sorted, int percent) => string.Create(
            CultureInfo.InvariantCulture, $"{sorted[(sorted.Length - 1) * percent / 100].TotalMilliseconds:F2} ms");
    }
}

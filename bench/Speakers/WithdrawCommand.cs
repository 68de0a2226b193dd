using System.Globalization;
using AnycastVip.Bench.Node;

namespace AnycastVip.Bench.Speakers;

/// <summary>
/// <c>withdraw</c>: from the order to withdraw one prefix to the octets at the router, and to the router's kernel
/// route; ours, BIRD and GoBGP in turn.
/// </summary>
internal static class WithdrawCommand
{
    private static readonly Random Phases = new(1);

    /// <param name="options">trials.</param>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, int> options)
    {
        if (options["trials"] < 1)
        {
            await Console.Error.WriteLineAsync("trials from 1");
            return 2;
        }
        await using var bed = await SpeakerBed.StartAsync(prefixes: 1);
        var monitor = await WireMonitor.StartAsync(bed);
        var rows = bed.Speakers.ConvertAll(speaker => new Row(speaker));
        Console.WriteLine($"one prefix withdrawn {options["trials"]} times by each, in turn:");
        for (var trial = 0; trial < options["trials"]; trial++)
        {
            foreach (var row in rows)
                await MeasureAsync(bed, monitor, row);
            Console.Write('.');
        }
        Console.WriteLine();
        Console.WriteLine(Distribution.Header);
        foreach (var row in rows)
        {
            Console.WriteLine(row.ToWire.Row($"{row.Speaker.Name}: order -> octets at the router", "-"));
            Console.WriteLine(row.ToKernel.Row($"{row.Speaker.Name}: order -> the router's kernel route", "-"));
        }
        var (ours, bird) = (rows[0], rows.Find(row => row.Speaker is BirdSpeaker)!);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"ours of BIRD's, medians: kernel route {ours.ToKernel.Median / bird.ToKernel.Median:F2} (bar: 1.10)"));
        return 0;
    }

    private static async Task MeasureAsync(SpeakerBed bed, WireMonitor monitor, Row row)
    {
        var announced = DateTimeOffset.UtcNow;
        await row.Speaker.AnnounceSingleAsync();
        await monitor.RouteAsync(BenchPrefixes.Single, isThere: true, announced);
        await Task.Delay(Phases.Next(200, 400));

        var ordered = DateTimeOffset.UtcNow;
        await row.Speaker.WithdrawSingleAsync();
        row.ToWire.Add(await monitor.FirstMessageAsync(row.Speaker.Address, ordered) - ordered);
        row.ToKernel.Add(await monitor.RouteAsync(BenchPrefixes.Single, isThere: false, ordered) - ordered);
        await bed.WaitAsync(row.Speaker, peer => peer.Prefixes == 0, "no prefix");
    }

    private sealed record Row(ISpeaker Speaker)
    {
        public Distribution ToWire { get; } = new();

        public Distribution ToKernel { get; } = new();
    }
}

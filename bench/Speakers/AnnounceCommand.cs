using System.Diagnostics;
using System.Globalization;
using AnycastVip.Bench.Node;

namespace AnycastVip.Bench.Speakers;

/// <summary>
/// <c>announce</c>: from the order to announce many prefixes until FRR has them all; ours, BIRD and GoBGP in turn.
/// </summary>
internal static class AnnounceCommand
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    /// <param name="options">rounds; prefixes.</param>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, int> options)
    {
        var (rounds, prefixes) = (options["rounds"], options["prefixes"]);
        if (rounds < 1 || prefixes is < 1 or > BenchPrefixes.Maximum)
        {
            await Console.Error.WriteLineAsync($"rounds from 1, prefixes 1-{BenchPrefixes.Maximum}");
            return 2;
        }
        await using var bed = await SpeakerBed.StartAsync(prefixes);
        // What the router's kernel does with the routes is no speaker's affair, and would take a core from them.
        await bed.ConfigureRouterAsync("bgp no-rib");
        var rows = bed.Speakers.ConvertAll(speaker => new Row(speaker, Usage.Of(speaker.Pid).PssMegabytes));
        Console.WriteLine($"until FRR has {prefixes} prefixes, from the order / from a new session's Established:");
        for (var round = 0; round < rounds; round++)
        {
            Console.Write($"  round {round + 1}:");
            foreach (var row in rows)
            {
                row.Order.Add(await MeasureOrderAsync(bed, row.Speaker, prefixes));
                row.Full = Usage.Of(row.Speaker.Pid).PssMegabytes;
                row.Session.Add(await MeasureSessionAsync(bed, row.Speaker, prefixes));
                await ClearAsync(bed, row.Speaker);
                Console.Write(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {row.Speaker.Name} {row.Order.Last:F0} / {row.Session.Last:F0} ms"));
            }
            Console.WriteLine();
        }
        Print(rows);
        return 0;
    }

    private static async Task<TimeSpan> MeasureOrderAsync(SpeakerBed bed, ISpeaker speaker, int prefixes)
    {
        var start = Stopwatch.GetTimestamp();
        var order = speaker.AnnounceAllAsync();
        var end = await bed.WaitAsync(speaker, peer => peer.Prefixes == prefixes, $"{prefixes} prefixes");
        await order;
        return Stopwatch.GetElapsedTime(start, end);
    }

    private static async Task<TimeSpan> MeasureSessionAsync(SpeakerBed bed, ISpeaker speaker, int prefixes)
    {
        await bed.ShutAsync(speaker);
        await Task.Delay(Rest);
        await bed.OpenAsync(speaker);
        await bed.WaitAsync(speaker, peer => peer.Prefixes == prefixes, $"{prefixes} prefixes of a new session");
        return DateTimeOffset.UtcNow - bed.LastUp(speaker);
    }

    private static async Task ClearAsync(SpeakerBed bed, ISpeaker speaker)
    {
        await speaker.WithdrawAllAsync();
        await bed.WaitAsync(speaker, peer => peer.Prefixes == 0, "no prefix");
        await Task.Delay(Rest);
    }

    private static void Print(List<Row> rows)
    {
        Console.WriteLine(
            $"{"",-16}{"order",9}{"fastest",11}{"session",11}{"fastest",11}{"PSS idle",12}{"PSS full",12}");
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Speaker.Name,-16}{row.Order.Median,6:F0} ms{row.Order.Least,8:F0} ms{row.Session.Median,8:F0} ms"
                + $"{row.Session.Least,8:F0} ms{row.Idle,9:F1} MB{row.Full,9:F1} MB"));
        }
        var (ours, bird) = (rows[0], rows.Find(row => row.Speaker is BirdSpeaker)!);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"ours of BIRD's, medians: order {ours.Order.Median / bird.Order.Median:F2}, "
            + $"session {ours.Session.Median / bird.Session.Median:F2} (bar: 1.10)"));
    }

    private sealed class Row(ISpeaker speaker, double idle)
    {
        public ISpeaker Speaker => speaker;

        public Distribution Order { get; } = new();

        public Distribution Session { get; } = new();

        /// <summary>Proportional set size before the first order, in megabytes.</summary>
        public double Idle => idle;

        /// <summary>With everything announced.</summary>
        public double Full { get; set; }
    }
}

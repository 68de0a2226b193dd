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
        var times = bed.Speakers.ConvertAll(_ => new Distribution());
        var idle = bed.Speakers.ConvertAll(speaker => Usage.Of(speaker.Pid).PssMegabytes);
        var full = new double[bed.Speakers.Count];
        Console.WriteLine($"from the order until FRR has {prefixes} prefixes, in turn:");
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < bed.Speakers.Count; i++)
            {
                var speaker = bed.Speakers[i];
                times[i].Add(await MeasureAsync(bed, speaker, prefixes));
                full[i] = Usage.Of(speaker.Pid).PssMegabytes;
                await ClearAsync(bed, speaker);
            }
            Console.WriteLine($"  round {round + 1}: {string.Join(", ", times.Select((taken, i) => string.Create(
                CultureInfo.InvariantCulture, $"{bed.Speakers[i].Name} {taken.Last:F0} ms")))}");
        }
        Print(bed.Speakers, times, idle, full);
        return 0;
    }

    private static async Task<TimeSpan> MeasureAsync(SpeakerBed bed, ISpeaker speaker, int prefixes)
    {
        var start = Stopwatch.GetTimestamp();
        var order = speaker.AnnounceAllAsync();
        var end = await bed.WaitAsync(speaker, peer => peer.Prefixes == prefixes, $"{prefixes} prefixes");
        await order;
        return Stopwatch.GetElapsedTime(start, end);
    }

    private static async Task ClearAsync(SpeakerBed bed, ISpeaker speaker)
    {
        await speaker.WithdrawAllAsync();
        await bed.WaitAsync(speaker, peer => peer.Prefixes == 0, "no prefix");
        await Task.Delay(Rest);
    }

    private static void Print(
        List<ISpeaker> speakers, List<Distribution> times, List<double> idle, double[] full)
    {
        Console.WriteLine($"{"",-16}{"median",10}{"fastest",10}{"PSS idle",12}{"PSS then",12}{"to BIRD's",12}");
        var bird = times[speakers.FindIndex(speaker => speaker is BirdSpeaker)].Median;
        for (var i = 0; i < speakers.Count; i++)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{speakers[i].Name,-16}{times[i].Median,7:F0} ms{times[i].Least,7:F0} ms{idle[i],9:F1} MB"
                + $"{full[i],9:F1} MB{times[i].Median / bird,12:F2}"));
        }
        Console.WriteLine("bar: ours at most 1.10 of BIRD's");
    }
}

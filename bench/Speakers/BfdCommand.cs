using System.Diagnostics;
using System.Globalization;
using AnycastVip.Netlab.Deployment;
using AnycastVip.Proto.V1;

namespace AnycastVip.Bench.Speakers;

/// <summary>
/// <c>bfd</c>: how late our BFD packets go out, idle, with more busy processes than cores, and with collections in the
/// speaker besides; against FRR's bfdd.
/// </summary>
internal static class BfdCommand
{
    private const int Multiplier = 3;
    private const int Prefixes = 10_000;
    private static readonly int[] IntervalsMilliseconds = [50, 10];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    /// <param name="options">seconds: how long each row is measured.</param>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, int> options)
    {
        var time = TimeSpan.FromSeconds(options["seconds"]);
        await using var bed = await SpeakerBed.DeployAsync();
        Console.WriteLine($"against {await bed.RouterVersionAsync()}; each row {time.TotalSeconds} s:");
        Console.WriteLine(
            $"{"",-34}{"packets",9}{"mean late",12}{"worst",12}{"> 1/4 late",12}{"downs",7}");
        foreach (var interval in IntervalsMilliseconds)
        {
            await ConfigureRouterAsync(bed, interval);
            await MeasureAsync(bed, interval, time, "idle", isBusy: false, collects: false);
            await MeasureAsync(bed, interval, time, "CPU", isBusy: true, collects: false);
            await MeasureAsync(bed, interval, time, "CPU, collections", isBusy: true, collects: true);
        }
        return 0;
    }

    private static Task ConfigureRouterAsync(SpeakerBed bed, int interval) => bed.ConfigureRouterAsync(
        "bfd", "peer 10.0.1.2", Line("detect-multiplier", Multiplier), Line("receive-interval", interval),
        Line("transmit-interval", interval), "no shutdown");

    private static string Line(string key, int value) => string.Create(CultureInfo.InvariantCulture, $"{key} {value}");

    // A speaker of its own for each row: its worst packet is the worst since its start.
    private static async Task MeasureAsync(
        SpeakerBed bed, int interval, TimeSpan time, string load, bool isBusy, bool collects)
    {
        var timers = string.Create(
            CultureInfo.InvariantCulture,
            $"bfd: {{transmitInterval: {interval}ms, receiveInterval: {interval}ms, detectMultiplier: {Multiplier}}}");
        using var speaker = await bed.StartVipdAsync(Prefixes, timers);
        var before = await WaitUpAsync(speaker, interval);
        var burners = new List<NodeProcess>();
        for (var i = 0; isBusy && i < 2 * Environment.ProcessorCount; i++)
            burners.Add(await bed.StartInRouterAsync("sh", "-c", "while :; do :; done"));
        await (collects ? ChurnAsync(speaker, time) : Task.Delay(time));
        foreach (var burner in burners)
            burner.Kill();
        Print(interval, load, before, await speaker.BfdAsync());
        bed.Speakers.Remove(speaker);
    }

    private static async Task<BfdSession> WaitUpAsync(VipdSpeaker speaker, int interval)
    {
        var until = DateTimeOffset.UtcNow + Patience;
        for (; DateTimeOffset.UtcNow < until; await Task.Delay(LookInterval))
        {
            var session = await speaker.BfdAsync();
            if (session.State == BfdState.Up && session.TransmitInterval.ToTimeSpan().TotalMilliseconds == interval)
                return session;
        }
        throw new TimeoutException($"BFD with {interval} ms does not come Up: {await speaker.BfdAsync()}");
    }

    // Each set is thousands of objects that are garbage with the next one.
    private static async Task ChurnAsync(VipdSpeaker speaker, TimeSpan time)
    {
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            await speaker.AnnounceAllAsync();
            await Task.Delay(LookInterval);
            await speaker.WithdrawAllAsync();
        }
    }

    private static void Print(int interval, string load, BfdSession before, BfdSession after)
    {
        var packets = after.PacketsSent - before.PacketsSent;
        var why = after.Downs > before.Downs ? $"  (last: {after.LocalDiagnostic})" : "";
        var late = after.Lateness.LatePackets - before.Lateness.LatePackets;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{interval,3} ms x {Multiplier}, {load,-24}{packets,9}{Text(after.Lateness.Mean),12}"
            + $"{Text(after.Lateness.Maximum),12}{late,12}{after.Downs - before.Downs,7}{why}"));
    }

    private static string Text(Google.Protobuf.WellKnownTypes.Duration duration) => string.Create(
        CultureInfo.InvariantCulture, $"{duration.ToTimeSpan().TotalMilliseconds:F2} ms");
}

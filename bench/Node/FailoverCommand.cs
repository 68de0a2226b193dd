using System.Globalization;
using System.Net;

namespace AnycastVip.Bench.Node;

/// <summary><c>failover</c>: from a death to the UPDATE that withdraws, as a peer reads it.</summary>
internal static class FailoverCommand
{
    // Between trials, so that they meet the node's timers at all phases; seeded, so that two runs do the same.
    private static readonly Random Phases = new(1);

    /// <param name="options">
    /// trials (deaths of all backends), load (new connections a second), proxy-trials, gate-trials.
    /// </param>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, int> options)
    {
        Console.WriteLine(Machine.Describe());
        Console.WriteLine(NodeBed.Description);
        Console.WriteLine(Distribution.Header);
        if (options["trials"] > 0)
            await MeasureBackendsAsync(options["trials"], options["load"]);
        if (options["proxy-trials"] > 0)
            await MeasureProxyAsync(options["proxy-trials"]);
        if (options["gate-trials"] > 0)
            await MeasureGateAsync(options["gate-trials"]);
        return 0;
    }

    private static NodeBed CreateBed() => new(vips: 1, check: "interval: 1s, fastInterval: 50ms, rise: 1");

    private static async Task MeasureBackendsAsync(int trials, int load)
    {
        using var bed = CreateBed();
        bed.Node.Start("run");
        var (fromKill, fromRefusal) = (new Distribution(), new Distribution());
        var (after, reached, unseen) = (0L, 0.0, 0);
        for (var trial = 0; trial < trials; trial++)
        {
            using var backends = await BackendProcess.StartAsync(NodeBed.BackendPorts);
            await bed.WaitAsync(isAnnounced: true, after);
            await using var clients = new ClientLoad(
                new(NodeBed.Vip(0), NodeBed.VipPort), IPAddress.Parse(OwnNetwork.PeerAddress), load);
            await WaitPhaseAsync();

            var killed = await backends.KillAsync();
            var update = await bed.WaitAsync(isAnnounced: false, killed);

            // What was begun before the UPDATE has failed by then.
            await Task.Delay(TimeSpan.FromMilliseconds(100));
            fromKill.Add(killed, update);
            if (clients.FirstFailure(killed, update) is { } refused)
                fromRefusal.Add(refused, update);
            else
                unseen++;
            (after, reached) = (update, reached + clients.PerSecond / trials);
        }
        Console.WriteLine(fromRefusal.Row("connect() of the first refused client -> UPDATE", "p50 <= 2 ms, p99 <= 10 ms"));
        Console.WriteLine(fromKill.Row("all backends killed (-9) -> UPDATE", "-"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {reached:F0} new connections/s; {unseen} trials in which something else was first"));
        Console.WriteLine("  connect() of the first refused client -> UPDATE:");
        foreach (var line in fromRefusal.Histogram())
            Console.WriteLine(line);
        Console.WriteLine("  all backends killed (-9) -> UPDATE:");
        foreach (var line in fromKill.Histogram())
            Console.WriteLine(line);
    }

    private static async Task MeasureProxyAsync(int trials)
    {
        using var bed = CreateBed();
        using var backends = await BackendProcess.StartAsync(NodeBed.BackendPorts);
        bed.Node.Start("run");
        var (fromKill, fromHang) = (new Distribution(), new Distribution());
        var after = 0L;
        for (var trial = 0; trial < trials; trial++)
        {
            after = await MeasureProxyAsync(bed, VipdNode.SIGKILL, fromKill, after);
            after = await MeasureProxyAsync(bed, VipdNode.SIGSTOP, fromHang, after);
            bed.Node.Signal("proxy", VipdNode.SIGCONT);
        }
        Console.WriteLine(fromKill.Row("proxy killed (-9) -> UPDATE", "<= 100 ms"));
        Console.WriteLine(fromHang.Row("proxy stopped (SIGSTOP) -> UPDATE", "<= 1 s"));
    }

    private static async Task<long> MeasureProxyAsync(NodeBed bed, int signal, Distribution taken, long after)
    {
        await bed.WaitAsync(isAnnounced: true, after);
        await WaitPhaseAsync();
        var sent = bed.Node.Signal("proxy", signal);
        var update = await bed.WaitAsync(isAnnounced: false, sent);
        taken.Add(sent, update);
        return update;
    }

    // Without the supervisor, which would start the gate again.
    private static async Task MeasureGateAsync(int trials)
    {
        using var backends = await BackendProcess.StartAsync(NodeBed.BackendPorts);
        var taken = new Distribution();
        for (var trial = 0; trial < trials; trial++)
        {
            using var bed = CreateBed();
            foreach (var process in VipdNode.Processes)
                bed.Node.Start(process);
            await bed.WaitAsync(isAnnounced: true);
            await WaitPhaseAsync();
            var killed = bed.Node.Signal("gate", VipdNode.SIGKILL);
            taken.Add(killed, await bed.WaitAsync(isAnnounced: false, killed));
        }
        Console.WriteLine(taken.Row("gate killed (-9) for good -> UPDATE, lease 5 s", "5000 - 5200 ms"));
    }

    private static Task WaitPhaseAsync() => Task.Delay(TimeSpan.FromMilliseconds(Phases.Next(300, 1300)));
}

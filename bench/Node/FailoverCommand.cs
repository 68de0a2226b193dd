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
        var (fromRefusal, fromKill) = (new Distribution(), new Distribution());
        var (after, deaths) = (0L, 0);
        for (; fromRefusal.Count < trials; deaths++)
        {
            after = await MeasureRefusalAsync(bed, load, after, fromRefusal);
            after = await MeasureKillAsync(bed, load, after, fromKill);
        }
        Print(fromRefusal, "connect() of the first refused client -> UPDATE", "p50 <= 2 ms, p99 <= 10 ms");
        Print(fromKill, "all backends killed (-9) -> UPDATE", "-");
        Console.WriteLine($"  with {load} new connections/s");
        Console.WriteLine($"{deaths - trials} of {deaths} deaths without clients were withdrawn before a client was "
            + "refused: by a reset connection or a check");
    }

    // No client is on its way while the backends die: the first one after that is the first that is refused, and the
    // proxy sees it later than it calls connect().
    private static async Task<long> MeasureRefusalAsync(NodeBed bed, int load, long after, Distribution taken)
    {
        using var backends = await BackendProcess.StartAsync(NodeBed.BackendPorts);
        await bed.WaitAsync(isAnnounced: true, after);
        await using (CreateLoad(load))
            await WaitPhaseAsync();
        var killed = await backends.KillAsync();

        await using var clients = CreateLoad(load);
        var update = await bed.WaitAsync(isAnnounced: false, killed);
        // A check, or a connection that ended with its backend, may be faster than the first client.
        if (clients.RefusedAt is { } refused && refused <= update)
            taken.Add(refused, update);
        return update;
    }

    // From the signal: the process has yet to die, and the next client to come.
    private static async Task<long> MeasureKillAsync(NodeBed bed, int load, long after, Distribution taken)
    {
        using var backends = await BackendProcess.StartAsync(NodeBed.BackendPorts);
        await bed.WaitAsync(isAnnounced: true, after);
        await using var clients = CreateLoad(load);
        await WaitPhaseAsync();
        var killed = await backends.KillAsync();
        var update = await bed.WaitAsync(isAnnounced: false, killed);
        taken.Add(killed, update);
        return update;
    }

    private static ClientLoad CreateLoad(int perSecond) => new(
        new(NodeBed.Vip(0), NodeBed.VipPort), IPAddress.Parse(OwnNetwork.PeerAddress), perSecond);

    private static void Print(Distribution taken, string name, string bar)
    {
        Console.WriteLine(taken.Row(name, bar));
        foreach (var line in taken.Histogram())
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

    private static Task WaitPhaseAsync() => Task.Delay(TimeSpan.FromMilliseconds(Phases.Next(200, 800)));
}

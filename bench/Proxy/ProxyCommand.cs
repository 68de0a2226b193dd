using System.Diagnostics;
using AnycastVip.Bench.Proxy.Load;
using AnycastVip.Bench.Proxy.Rivals;

namespace AnycastVip.Bench.Proxy;

/// <summary><c>proxy</c>: our proxy beside HAProxy and nginx, alternating within one run.</summary>
internal static class ProxyCommand
{
    private const int FirstPort = 8001;
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);

    /// <param name="options">rounds, seconds (of one round of one proxy).</param>
    /// <param name="only">The beginning of the names of the parts that run; null: all.</param>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, int> options, string? only)
    {
        var parts = Part.All.Where(part => IsWanted(part.Name, only)).ToList();
        var bed = await ProxyBed.CreateAsync();
        await PrintHeadAsync();
        using var load = new LoadGenerator(ProxyBed.LoadCore, bed.Backend);
        var span = TimeSpan.FromSeconds(options["seconds"]);
        if (parts.Count > 0)
            await CompareAsync(parts, bed, load, options["rounds"], span);
        if (IsWanted(MemoryPart.Name, only))
            await MemoryPart.RunAsync(bed, load, options["rounds"]);
        if (IsWanted(ReloadPart.Name, only))
            await ReloadPart.RunAsync(bed, load);
        return 0;
    }

    private static bool IsWanted(string part, string? only) =>
        only is null || part.StartsWith(only, StringComparison.Ordinal);

    private static async Task PrintHeadAsync()
    {
        Console.WriteLine(Machine.Describe());
        Console.WriteLine(
            $"{await ProxyBed.VersionAsync("haproxy", "-v")}; {await ProxyBed.VersionAsync("nginx", "-v")}; "
            + $"vipd {typeof(ProxyCommand).Assembly.GetName().Version!.ToString(3)}");
        Console.WriteLine(
            $"loopback; each proxy on core {ProxyBed.ProxyCore} with one thread for octets, clients and backend as one "
            + $"thread on core {ProxyBed.LoadCore}");
        Console.WriteLine("medians; the first row = 1, in brackets the least and greatest ratio of a round");
    }

    private static async Task CompareAsync(
        IReadOnlyList<Part> parts, ProxyBed bed, LoadGenerator load, int rounds, TimeSpan span)
    {
        using var haproxy = await HaproxyProxy.StartAsync(bed, FirstPort);
        using var spliced = await HaproxyProxy.StartAsync(bed, FirstPort + 1, splices: true);
        using var nginx = await NginxProxy.StartAsync(bed, FirstPort + 2);
        using var vipd = await VipdProxy.StartAsync(bed, FirstPort + 3);
        using var featured = await VipdProxy.StartAsync(bed, FirstPort + 4, hasFeatures: true);
        using var epoll = await VipdProxy.StartAsync(bed, FirstPort + 5, engine: "epoll");
        using var none = new NoProxy(bed.Backend);
        foreach (var part in parts)
        {
            IProxy[] proxies = part.Field switch
            {
                Field.ProxiesAndSplice => [haproxy, spliced, vipd, nginx, none],
                Field.OurFeatures => [vipd, featured],
                Field.OurEngines => [epoll, vipd],
                _ => [haproxy, vipd, nginx, none],
            };
            Console.WriteLine();
            Console.WriteLine($"{part.Title}; bar: {part.Bar}");
            foreach (var line in await load.RunAsync(() => RunRounds(part, proxies, load, rounds, span)))
                Console.WriteLine(line);
        }
    }

    private static IEnumerable<string> RunRounds(
        Part part, IProxy[] proxies, LoadGenerator load, int rounds, TimeSpan span)
    {
        var samples = proxies.Select(proxy => (proxy.Name, Rounds: new List<Sample>())).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < proxies.Length; i++)
            {
                // The load's own ceiling is needed once.
                if (round == 0 || proxies[i].Process is not null)
                    samples[i].Rounds.Add(Measure(part.Create(), proxies[i], load, span));
            }
        }
        return RatioTable.Lines(part.Metrics, samples);
    }

    private static Sample Measure(Workload workload, IProxy proxy, LoadGenerator load, TimeSpan span)
    {
        load.Start(workload, proxy.Endpoint);
        load.Turn(WarmUp, [workload]);
        workload.Reset();
        var cpu = proxy.Process?.ProcessorNanoseconds();
        var start = Stopwatch.GetTimestamp();
        load.Turn(span, [workload]);
        var taken = Stopwatch.GetElapsedTime(start);
        var used = proxy.Process?.ProcessorNanoseconds() - cpu;
        long[] latencies = [.. workload.Latencies];
        Array.Sort(latencies);
        var cpuPerOperation = (double?)used / workload.Done ?? double.NaN;
        var sample = new Sample(workload.Done / taken.TotalSeconds, cpuPerOperation, workload.Failed, latencies);
        load.Stop(workload);
        return sample;
    }
}

using System.Diagnostics;
using System.Globalization;
using AnycastVip.Bench.Node;
using AnycastVip.Bench.Proxy.Load;
using AnycastVip.Bench.Proxy.Rivals;

namespace AnycastVip.Bench.Proxy;

/// <summary><c>proxy-soak</c>: short connections without end, and whether the proxy grows by them.</summary>
internal static class SoakCommand
{
    private const int Port = 8301;
    private const int AtOnce = 64;
    private const int Lines = 20;

    // What the runtime may still come to need after its first connections, in kilobytes.
    private const long AllowedGrowth = 8 * 1024;

    /// <param name="options">connections: how many there shall be.</param>
    /// <returns>1 when a connection failed, or memory or descriptors have grown.</returns>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, int> options)
    {
        Console.WriteLine(Machine.Describe());
        var bed = await ProxyBed.CreateAsync();
        using var load = new LoadGenerator(ProxyBed.LoadCore, bed.Backend);
        using var proxy = await VipdProxy.StartAsync(bed, Port);
        var clients = new OneRequest(AtOnce);
        Console.WriteLine($"{"connections",14}{"failed",8}{"per second",12}{"PSS kB",10}{"descriptors",13}");
        var lines = await load.RunAsync(() => Run(proxy, load, clients, options["connections"]));
        // The first tenth of the way is the start's.
        var (early, late) = (lines[Lines / 10], lines[^1]);
        var hasGrown = late.Descriptors > lines[0].Descriptors
            || late.PssKilobytes > early.PssKilobytes + AllowedGrowth;
        Console.WriteLine(hasGrown ? "it has grown" : "it has not grown");
        return hasGrown || clients.Failed > 0 ? 1 : 0;
    }

    // What the proxy had before, at so many points on the way, and without any connection afterwards.
    private static List<Footprint> Run(VipdProxy proxy, LoadGenerator load, OneRequest clients, int connections)
    {
        var taken = new List<Footprint> { Footprint.Of(proxy) };
        load.Start(clients, proxy.Endpoint);
        for (var line = 1; line <= Lines; line++)
        {
            var (start, before) = (Stopwatch.GetTimestamp(), clients.Done);
            var until = (long)connections * line / Lines;
            load.Turn(TimeSpan.MaxValue, [clients], () => clients.Done >= until);
            taken.Add(Footprint.Of(proxy));
            var rate = (clients.Done - before) / Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{clients.Done,14:N0}{clients.Failed,8:N0}{rate,12:N0}{taken[^1].PssKilobytes,10:N0}"
                + $"{taken[^1].Descriptors,13:N0}"));
        }
        load.Stop(clients);
        taken.Add(Footprint.Of(proxy));
        Console.WriteLine($"{"closed",14}{"",20}{taken[^1].PssKilobytes,10:N0}{taken[^1].Descriptors,13:N0}");
        return taken;
    }

    private readonly record struct Footprint(long PssKilobytes, int Descriptors)
    {
        public static Footprint Of(VipdProxy proxy)
        {
            var pid = proxy.Process.Pid;
            return new(Usage.Of(pid).PssKilobytes, Directory.GetFiles($"/proc/{pid}/fd").Length);
        }
    }
}

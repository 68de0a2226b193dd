using System.Globalization;
using AnycastVip.Bench.Node;
using AnycastVip.Bench.Proxy.Load;
using AnycastVip.Bench.Proxy.Rivals;

namespace AnycastVip.Bench.Proxy;

/// <summary>What idle connections cost a proxy that has just started.</summary>
internal static class MemoryPart
{
    public const string Name = "memory";
    private const int FirstPort = 8101;
    private const int Few = 1_000;
    private const int Many = 9_000;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="bed">What all proxies have in common.</param>
    /// <param name="load">The clients.</param>
    /// <param name="rounds">How many processes of each proxy are measured.</param>
    public static async Task RunAsync(ProxyBed bed, LoadGenerator load, int rounds)
    {
        Console.WriteLine();
        Console.WriteLine($"memory (proportional set size) with {Many:N0} idle connections, each after one request; "
            + "bar: process <= 0.6, <= 0.5 KB per connection (aim 0.2)");
        Console.WriteLine($"  {"",-24}{"MB at start",12}{"MB",8}{"ratio",8}{"KB per connection",20}");
        var reference = 0.0;
        Func<Task<IProxy>>[] starts =
        [
            async () => await HaproxyProxy.StartAsync(bed, FirstPort),
            async () => await VipdProxy.StartAsync(bed, FirstPort + 1),
            async () => await NginxProxy.StartAsync(bed, FirstPort + 2),
        ];
        foreach (var start in starts)
        {
            var (name, footprints) = ("", new List<Footprint>());
            for (var round = 0; round < rounds; round++)
            {
                using var proxy = await start();
                name = proxy.Name;
                footprints.Add(await load.RunAsync(() => Measure(proxy, load)));
            }
            var many = RatioTable.Median(footprints.Select(footprint => footprint.Many));
            reference = reference > 0 ? reference : many;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {name,-24}{RatioTable.Median(footprints.Select(footprint => footprint.AtStart)),12:F1}"
                + $"{many,8:F1}{many / reference,8:F2}"
                + $"{RatioTable.Median(footprints.Select(footprint => footprint.KilobytesPerConnection)),20:F2}"));
        }
    }

    private static Footprint Measure(IProxy proxy, LoadGenerator load)
    {
        var idle = new Idle();
        var atStart = Usage.Of(proxy.Process!.Pid).PssMegabytes;
        load.Start(idle, proxy.Endpoint);
        var (few, many) = (Open(Few), Open(Many));
        load.Stop(idle);
        return new(atStart, few, many);

        double Open(int connections)
        {
            idle.Wanted = connections;
            if (!load.Turn(Patience, [idle], () => idle.Done == connections))
                throw new TimeoutException($"{proxy.Name}: {idle.Done} of {connections}, {idle.Failed} lost");
            load.Turn(Settling, [idle]);
            return Usage.Of(proxy.Process.Pid).PssMegabytes;
        }
    }

    /// <summary>In megabytes.</summary>
    private readonly record struct Footprint(double AtStart, double Few, double Many)
    {
        public double KilobytesPerConnection => (Many - Few) * 1e3 / (MemoryPart.Many - MemoryPart.Few);
    }
}

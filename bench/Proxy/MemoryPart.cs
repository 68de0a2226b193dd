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
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(ProxyBed bed, LoadGenerator load)
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
            using var proxy = await start();
            var empty = Usage.Of(proxy.Process!.Pid);
            var (few, many) = await load.RunAsync(() => Measure(proxy, load));
            reference = reference > 0 ? reference : many.PssMegabytes;
            var perConnection = (many.PssKilobytes - few.PssKilobytes) / (double)(Many - Few);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {proxy.Name,-24}{empty.PssMegabytes,12:F1}{many.PssMegabytes,8:F1}"
                + $"{many.PssMegabytes / reference,8:F2}{perConnection,20:F2}"));
        }
    }

    private static (Usage Few, Usage Many) Measure(IProxy proxy, LoadGenerator load)
    {
        var idle = new Idle();
        load.Start(idle, proxy.Endpoint);
        var few = Open(Few);
        var many = Open(Many);
        load.Stop(idle);
        return (few, many);

        Usage Open(int connections)
        {
            idle.Wanted = connections;
            if (!load.Turn(Patience, [idle], () => idle.Done == connections))
                throw new TimeoutException($"{proxy.Name}: {idle.Done} of {connections}, {idle.Failed} lost");
            load.Turn(Settling, [idle]);
            return Usage.Of(proxy.Process!.Pid);
        }
    }
}

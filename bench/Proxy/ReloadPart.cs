using AnycastVip.Bench.Proxy.Load;
using AnycastVip.Bench.Proxy.Rivals;

namespace AnycastVip.Bench.Proxy;

/// <summary>What clients notice of a reload.</summary>
internal static class ReloadPart
{
    public const string Name = "reload";
    private const int FirstPort = 8201;
    private const int Reloads = 20;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static async Task RunAsync(ProxyBed bed, LoadGenerator load)
    {
        Console.WriteLine();
        Console.WriteLine($"{Reloads} reloads under load, 64 keep-alive connections beside 16 of one request each; "
            + "bar: none is lost");
        Console.WriteLine($"  {"",-24}{"requests",12}{"lost",8}{"connections",14}{"lost",8}{"processes left",16}");
        Func<Task<IProxy>>[] starts =
        [
            async () => await HaproxyProxy.StartAsync(bed, FirstPort, reloads: true),
            async () => await VipdProxy.StartAsync(bed, FirstPort + 1),
            async () => await NginxProxy.StartAsync(bed, FirstPort + 2, reloads: true),
        ];
        foreach (var start in starts)
        {
            using var proxy = await start();
            var (lasting, passing) = (new KeepAlive(64), new OneRequest(16));
            var reloads = ReloadAsync(proxy);
            var left = await load.RunAsync(() => Run(proxy, load, reloads, lasting, passing));
            await reloads;
            Console.WriteLine($"  {proxy.Name,-24}{lasting.Done,12:N0}{lasting.Failed,8:N0}"
                + $"{passing.Done,14:N0}{passing.Failed,8:N0}{left,16}");
        }
    }

    private static async Task ReloadAsync(IProxy proxy)
    {
        for (var i = 0; i < Reloads; i++)
        {
            await Task.Delay(Interval);
            await proxy.ReloadAsync();
        }
        await Task.Delay(Interval);
    }

    // How many processes the proxy has in the end.
    private static int Run(IProxy proxy, LoadGenerator load, Task reloads, KeepAlive lasting, OneRequest passing)
    {
        load.Start(lasting, proxy.Endpoint);
        load.Start(passing, proxy.Endpoint);
        load.Turn(TimeSpan.MaxValue, [lasting, passing], () => reloads.IsCompleted);
        var left = proxy.Process!.Tree().Count();
        load.Stop(lasting, passing);
        return left;
    }
}

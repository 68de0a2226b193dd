using System.Globalization;

namespace AnycastVip.Bench.Node;

/// <summary><c>node</c>: what an idle node takes.</summary>
internal static class NodeCommand
{
    // What the start has left to do: what runs once a second is compiled for good after its thirtieth time only.
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(2);

    /// <param name="options">seconds: how long it is watched.</param>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, int> options)
    {
        Console.WriteLine(Machine.Describe());
        Console.WriteLine(NodeBed.Description);
        using var backends = await BackendProcess.StartAsync(NodeBed.BackendPorts);
        using var bed = new NodeBed(vips: 2, check: "interval: 1s");
        bed.Node.Start("run");
        await bed.WaitAsync(isAnnounced: true);
        Console.WriteLine($"announced; settling for {Settling.TotalSeconds:F0} s");
        await Task.Delay(Settling);
        string[] names = [.. VipdNode.Processes, "run"];
        var before = names.Select(name => Usage.Of(bed.Node.PidOf(name)!.Value)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(options["seconds"]));
        var taken = names.Select((name, i) => Usage.Of(bed.Node.PidOf(name)!.Value).Since(before[i])).ToList();

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"idle for {options["seconds"]} s: 2 VIP addresses, 2 backends checked by http each second"));
        Console.WriteLine($"{"",-18}{"PSS",10}{"of a core",12}{"wake-ups/s",12}  bar");
        for (var i = 0; i < names.Length; i++)
            Console.WriteLine(taken[i].Row(names[i], ""));
        var three = taken.Take(VipdNode.Processes.Count).Aggregate((one, other) => one.And(other));
        Console.WriteLine(three.Row("the three", "<= 140 MB, <= 1 %"));
        Console.WriteLine(three.And(taken[^1]).Row("with run", "-"));
        return 0;
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AnycastVip.Netlab.Deployment;
using AnycastVip.Netlab.Model;

namespace AnycastVip.Bench.Speakers;

/// <summary>A lab of an FRR router and three speakers that have a session with it: ours, BIRD and GoBGP.</summary>
internal sealed class SpeakerBed : IAsyncDisposable
{
    private const string Router = "router1";
    private const int RouterAs = 65100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(2);

    private readonly Lab _lab;
    private readonly List<NodeProcess> _processes = [];
    private VtySocket? _vty;
    private string _log = "";

    private SpeakerBed(Lab lab) => _lab = lab;

    /// <summary>The speakers, ours first.</summary>
    public List<ISpeaker> Speakers { get; } = [];

    /// <summary>Deploys the lab, starts the speakers and waits for their sessions.</summary>
    /// <param name="prefixes">How many prefixes each speaker is prepared to announce.</param>
    public static async Task<SpeakerBed> StartAsync(int prefixes)
    {
        Programs.Require("frr bird2 gobgpd tcpdump", "bird", "gobgpd", "gobgp", "tcpdump");
        var bed = await DeployAsync();
        try
        {
            await bed.StartVipdAsync(prefixes);
            bed.Speakers.Add(await BirdSpeaker.StartAsync(bed._lab, prefixes));
            bed.Speakers.Add(await GoBgpSpeaker.StartAsync(bed._lab, prefixes));
            foreach (var speaker in bed.Speakers)
                await bed.WaitAsync(speaker, peer => peer.State == "Established", "its session");
            Console.WriteLine($"{string.Join(", ", bed.Speakers.Select(speaker => speaker.Name))} against "
                + $"{await bed.RouterVersionAsync()}, each in a network namespace of its own");
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Deploys the lab; no speaker runs yet.</summary>
    public static async Task<SpeakerBed> DeployAsync()
    {
        Console.WriteLine(Machine.Describe());
        var bed = new SpeakerBed(await Lab.DeployAsync(LoadTopology()));
        await bed.OpenVtyAsync();
        return bed;
    }

    /// <summary>Starts our speaker.</summary>
    /// <param name="prefixes">How many it is prepared to announce.</param>
    /// <param name="peerKeys">Further keys of its peer, such as <c>bfd: fast</c>.</param>
    public async Task<VipdSpeaker> StartVipdAsync(int prefixes, string peerKeys = "")
    {
        var speaker = await VipdSpeaker.StartAsync(_lab, prefixes, peerKeys);
        Speakers.Add(speaker);
        return speaker;
    }

    /// <summary>Looks at a speaker in the router's summary until it is as wanted.</summary>
    /// <returns>When it was seen so (<see cref="Stopwatch"/>).</returns>
    public async Task<long> WaitAsync(ISpeaker speaker, Func<RouterPeer, bool> isWanted, string what)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var peer = Look(speaker);
            var at = Stopwatch.GetTimestamp();
            if (isWanted(peer))
                return at;
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new TimeoutException($"{speaker.Name}: the router waits for {what}; it shows {peer}");
            await Task.Delay(LookInterval);
        }
    }

    /// <summary>Configures the router, one line each from the top level.</summary>
    public Task ConfigureRouterAsync(params string[] lines) => RunAsync(
        Router, ["vtysh", .. lines.Prepend("configure terminal").SelectMany(line => new[] { "-c", line })]);

    /// <summary>Ends a speaker's session at the router.</summary>
    public async Task ShutAsync(ISpeaker speaker)
    {
        await ConfigureRouterAsync($"router bgp {RouterAs}", $"neighbor {speaker.Address} shutdown");
        await WaitAsync(speaker, peer => peer.Prefixes == 0, "the end of its session");
    }

    /// <summary>Lets the session come back.</summary>
    public Task OpenAsync(ISpeaker speaker) =>
        ConfigureRouterAsync($"router bgp {RouterAs}", $"no neighbor {speaker.Address} shutdown");

    /// <summary>When the router last saw a speaker's session become Established, by its own log.</summary>
    public DateTimeOffset LastUp(ISpeaker speaker)
    {
        // 2026/11/22 22:10:14.123456 BGP: [M59KS-A3ZXZ] %ADJCHANGE: neighbor 10.0.1.2(Unknown) in vrf default Up
        var line = File.ReadLines(_log).Last(line => line.EndsWith(" Up", StringComparison.Ordinal)
            && line.Contains($"ADJCHANGE: neighbor {speaker.Address}(", StringComparison.Ordinal));
        return DateTimeOffset.Parse(
            line.AsSpan(0, line.IndexOf(" BGP", StringComparison.Ordinal)), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeLocal);
    }

    /// <summary>Starts a program in the router.</summary>
    public async Task<NodeProcess> StartInRouterAsync(params string[] arguments)
    {
        var process = await _lab.StartAsync(Router, arguments);
        _processes.Add(process);
        return process;
    }

    /// <summary>Runs a program in the router to its end.</summary>
    public Task<string> RunInRouterAsync(params string[] arguments) => RunAsync(Router, arguments);

    public async ValueTask DisposeAsync()
    {
        _vty?.Dispose();
        foreach (var speaker in Speakers)
            speaker.Dispose();
        foreach (var process in _processes)
            process.Dispose();
        await _lab.DestroyAsync();
    }

    private RouterPeer Look(ISpeaker speaker)
    {
        using var summary = JsonDocument.Parse(_vty!.Ask("show bgp ipv4 unicast summary json"));
        var peer = summary.RootElement.GetProperty("peers").GetProperty(speaker.Address);
        return new(peer.GetProperty("state").GetString()!, peer.GetProperty("pfxRcd").GetInt32());
    }

    private async Task OpenVtyAsync()
    {
        // Any process in the router shows the way to its files.
        var keeper = await StartInRouterAsync("sleep", "infinity");
        _log = $"/proc/{keeper.Pid}/root/run/frr/bgpd.log";
        var path = $"/proc/{keeper.Pid}/root/run/frr/bgpd.vty";
        for (var start = Stopwatch.GetTimestamp(); !File.Exists(path); await Task.Delay(LookInterval))
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new TimeoutException("bgpd does not start");
        }
        _vty = new VtySocket(path);
    }

    /// <summary>The router's program and version.</summary>
    public async Task<string> RouterVersionAsync() =>
        (await RunAsync(Router, ["vtysh", "-c", "show version"])).Split('\n')[0].Split(" (")[0].Trim();

    private async Task<string> RunAsync(string node, IReadOnlyList<string> arguments)
    {
        var result = await _lab.ExecAsync(node, arguments);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException(result.ToString());
    }

    private static Topology LoadTopology()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "topologies", "three-speakers.clab.yml");
        var topology = TopologyFile.Load(file).Topology ?? throw new InvalidOperationException($"{file} is broken");
        return topology with
        {
            Name = string.Create(CultureInfo.InvariantCulture, $"{topology.Name}-{Environment.ProcessId}"),
        };
    }
}

/// <summary>What the router shows of a speaker.</summary>
/// <param name="State">The session's.</param>
/// <param name="Prefixes">How many it has from there.</param>
internal sealed record RouterPeer(string State, int Prefixes);

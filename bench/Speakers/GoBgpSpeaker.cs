using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Bench.Speakers;

/// <summary>GoBGP, ordered by its command: many routes as an MRT file, one as such.</summary>
internal sealed class GoBgpSpeaker : ISpeaker
{
    private const string Node = "gobgp";
    private const string OwnAddress = "10.0.3.2";

    private readonly Lab _lab;
    private readonly SpeakerDirectory _directory;
    private readonly NodeProcess _process;

    private GoBgpSpeaker(Lab lab, SpeakerDirectory directory, NodeProcess process, string version)
    {
        _lab = lab;
        _directory = directory;
        _process = process;
        Name = version;
    }

    public string Name { get; }

    public string Address => OwnAddress;

    public string RouterInterface => "eth3";

    public int Pid => _process.Pid;

    public static async Task<ISpeaker> StartAsync(Lab lab, int prefixes)
    {
        // "gobgp version 3.10.0"
        var version = (await lab.ExecAsync(Node, ["gobgp", "--version"])).Output.Trim()
            .Replace("gobgp version", "GoBGP", StringComparison.Ordinal);
        var directory = new SpeakerDirectory();
        // The command (3.10) ends before its last routes have arrived: what is lost is what comes twice.
        var routes = MrtFile.TableDump(prefixes, repeated: 2_000 + (prefixes / 10), OwnAddress);
        File.WriteAllBytes(directory.File("routes.mrt"), routes);
        var file = directory.Write(
            "gobgp.toml",
            $"""
            [global.config]
            as = 65003
            router-id = "{OwnAddress}"

            [[neighbors]]
            [neighbors.config]
            neighbor-address = "10.0.3.1"
            peer-as = 65100
            [neighbors.timers.config]
            connect-retry = 1
            hold-time = 90

            """);
        var process = await lab.StartAsync(
            Node, ["gobgpd", "-f", file, "--log-level=warn", "--pprof-disable", "--api-hosts=127.0.0.1:50051"]);
        return new GoBgpSpeaker(lab, directory, process, version);
    }

    public Task AnnounceAllAsync() => OrderAsync(
        "mrt", "inject", "global", _directory.File("routes.mrt"), $"--nexthop={OwnAddress}");

    public Task WithdrawAllAsync() => OrderAsync("global", "rib", "del", "all", "-a", "ipv4");

    public Task AnnounceSingleAsync() =>
        OrderAsync("global", "rib", "add", BenchPrefixes.Single, "nexthop", OwnAddress, "-a", "ipv4");

    public Task WithdrawSingleAsync() => OrderAsync("global", "rib", "del", BenchPrefixes.Single, "-a", "ipv4");

    public void Dispose()
    {
        _process.Dispose();
        _directory.Dispose();
    }

    private async Task OrderAsync(params string[] arguments)
    {
        var result = await _lab.ExecAsync(Node, ["gobgp", .. arguments]);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"{Name}: {result}");
    }
}

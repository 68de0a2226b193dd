namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>What a test wants of BIRD besides the two sessions.</summary>
internal sealed record BirdConfiguration
{
    /// <summary>Statements of both sessions, such as <c>password "x";</c>.</summary>
    public string Session { get; init; } = "";

    /// <summary>Statements of the sessions' channels, such as <c>import limit 1;</c>.</summary>
    public string Channel { get; init; } = "";

    /// <summary>Statements outside of all protocols.</summary>
    public string Global { get; init; } = "";

    /// <summary>Static routes of IPv4 that BIRD announces to the node.</summary>
    public IReadOnlyList<string> Announced { get; init; } = [];

    /// <summary>The file. GRACEFUL_SHUTDOWN is acted on by policy, as RFC 8326 section 4.2 asks of receivers.</summary>
    public override string ToString() => $$"""
        log stderr all;
        router id 10.0.1.1;
        protocol device { }
        protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
        protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }
        protocol static { ipv4; {{string.Concat(Announced.Select(prefix => $"route {prefix} blackhole; "))}} }
        filter from_nodes {
          if (65535, 0) ~ bgp_community then bgp_local_pref = 0;
          accept;
        }
        {{Global}}
        template bgp nodes {
          local as 65100;
          hold time 9;
          connect delay time 1;
          connect retry time 1;
          error wait time 1, 2;
          {{Session}}
          ipv4 { import filter from_nodes; export where source = RTS_STATIC; {{Channel}} };
          ipv6 { import filter from_nodes; export none; {{Channel}} };
        }
        protocol bgp node4 from nodes { neighbor 10.0.1.2 as 65001; }
        protocol bgp node6 from nodes { neighbor 2001:db8:1::2 as 65001; }

        """;
}

/// <summary>A router, AS 65100, that runs BIRD.</summary>
internal sealed class BirdRouter : ForeignRouter
{
    private BirdRouter(DeployedLab lab, string name)
        : base(lab, name, "bird", "bird2")
    {
    }

    /// <summary>Starts BIRD.</summary>
    public static async Task<BirdRouter> StartAsync(DeployedLab lab, string name, BirdConfiguration configuration)
    {
        var router = new BirdRouter(lab, name);
        await File.WriteAllTextAsync(router.PathOf("bird.conf"), configuration.ToString());
        await router.StartDaemon();
        return router;
    }

    /// <summary>What a command of BIRD's client prints.</summary>
    /// <param name="command">For example <c>show protocols all node4</c>.</param>
    public async Task<string> Birdc(string command) =>
        (await TryRun(["birdc", "-s", PathOf("bird.ctl"), .. command.Split(' ')])).Output;

    /// <summary>All that BIRD shows of the session with one of the node's addresses.</summary>
    public Task<string> Session(string peer) => Birdc($"show protocols all {NameOf(peer)}");

    /// <inheritdoc/>
    public override async Task<string> SessionState(string peer) =>
        Value(await Session(peer), "BGP state") ?? "(no answer)";

    /// <summary>The value that BIRD shows under a label; null when it shows none.</summary>
    public static string? Value(string shown, string label) => shown.Split('\n')
        .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
        .FirstOrDefault(parts => parts.Length == 2 && parts[0] == label)?[1];

    /// <inheritdoc/>
    public override async Task<bool> HasRoute(string prefix) =>
        (await Birdc($"show route {prefix}")).Contains(prefix, StringComparison.Ordinal);

    /// <summary>BIRD's name of the session with one of the node's addresses.</summary>
    public static string NameOf(string peer) => peer.Contains(':', StringComparison.Ordinal) ? "node6" : "node4";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command =>
        ["bird", "-f", "-c", PathOf("bird.conf"), "-s", PathOf("bird.ctl")];
}

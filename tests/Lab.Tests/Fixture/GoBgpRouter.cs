using System.Text.Json.Nodes;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A router, AS 65100, that runs GoBGP.</summary>
internal sealed class GoBgpRouter : ForeignRouter
{
    // SessionState_ESTABLISHED of GoBGP's API.
    private const int EstablishedNumber = 6;

    private GoBgpRouter(DeployedLab lab, string name)
        : base(lab, name, "gobgpd", "gobgpd")
    {
    }

    /// <summary>Starts GoBGP.</summary>
    public static async Task<GoBgpRouter> StartAsync(DeployedLab lab, string name)
    {
        var router = new GoBgpRouter(lab, name);
        var configuration = $$"""
            [global.config]
              as = 65100
              router-id = "10.0.1.1"
            {{Neighbor("10.0.1.2")}}
            {{Neighbor("2001:db8:1::2")}}
            """;
        await File.WriteAllTextAsync(router.PathOf("gobgp.toml"), configuration);
        await router.StartDaemon();
        return router;
    }

    /// <inheritdoc/>
    public override async Task<string> SessionState(string peer) =>
        (int?)(await Query("neighbor", peer))?["state"]?["session_state"] == EstablishedNumber
            ? Established
            : "(not Established)";

    /// <inheritdoc/>
    public override async Task<bool> HasRoute(string prefix)
    {
        var family = prefix.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4";
        return (await Query("global", "rib", "-a", family))?[prefix] is not null;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command =>
        ["gobgpd", "-f", PathOf("gobgp.toml"), "--api-hosts", "127.0.0.1:50051", "--pprof-disable"];

    private Task<JsonNode?> Query(params string[] arguments) => TryReadJson(["gobgp", "-j", .. arguments]);

    private static string Neighbor(string address) => $"""
        [[neighbors]]
          [neighbors.config]
            neighbor-address = "{address}"
            peer-as = 65001
          [neighbors.timers.config]
            connect-retry = 1
            hold-time = 9
          [[neighbors.afi-safis]]
            [neighbors.afi-safis.config]
              afi-safi-name = "ipv4-unicast"
          [[neighbors.afi-safis]]
            [neighbors.afi-safis.config]
              afi-safi-name = "ipv6-unicast"
        """;
}

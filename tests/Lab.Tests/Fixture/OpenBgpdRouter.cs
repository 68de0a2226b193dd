using System.Text.Json.Nodes;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A router, AS 65100, that runs OpenBGPD. On Linux it installs no routes in the kernel.</summary>
internal sealed class OpenBgpdRouter : ForeignRouter
{
    private OpenBgpdRouter(DeployedLab lab, string name)
        : base(lab, name, "bgpd", "openbgpd")
    {
    }

    /// <summary>Starts OpenBGPD.</summary>
    public static async Task<OpenBgpdRouter> StartAsync(DeployedLab lab, string name)
    {
        var router = new OpenBgpdRouter(lab, name);
        var configuration = $$"""
            AS 65100
            router-id 10.0.1.1
            listen on 10.0.1.1
            listen on 2001:db8:1::1
            socket "{{router.PathOf("control")}}"
            group nodes {
              remote-as 65001
              holdtime 9
              announce IPv4 unicast
              announce IPv6 unicast
              neighbor 10.0.1.2
              neighbor 2001:db8:1::2
            }
            allow from any

            """;
        var file = router.PathOf("bgpd.conf");
        await File.WriteAllTextAsync(file, configuration);
        // bgpd refuses a file that others can read.
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        // Its processes lock themselves in there; systemd would have made it.
        await router.Run("mkdir", "-p", "/run/openbgpd");
        await router.StartDaemon();
        return router;
    }

    /// <inheritdoc/>
    public override async Task<string> SessionState(string peer) =>
        (string?)(await Query("show", "neighbor", peer))?["neighbors"]?[0]?["state"] ?? "(no answer)";

    /// <inheritdoc/>
    public override async Task<bool> HasRoute(string prefix) =>
        (await Query("show", "rib", prefix))?["rib"] is JsonArray { Count: > 0 };

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Command => ["/usr/sbin/bgpd", "-d", "-f", PathOf("bgpd.conf")];

    private Task<JsonNode?> Query(params string[] arguments) =>
        TryReadJson(["bgpctl", "-s", PathOf("control"), "-j", .. arguments]);
}

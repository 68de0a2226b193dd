using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

public sealed class OneRouterLabTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly FrrRouter _router;
    private readonly SpeakerNode _node;

    public OneRouterLabTests(OneRouterLab lab) => (_router, _node) = (lab.Router, lab.Node);

    [Fact]
    public async Task The_router_runs_BGP_with_the_configuration_of_its_file()
    {
        var summary = await _router.VtyshJson("show bgp ipv6 unicast summary");

        Assert.Equal(65100, (int)summary["as"]!);
        Assert.Equal("10.0.1.1", (string)summary["routerId"]!);
        Assert.Equal(65001, (int)summary["peers"]!["2001:db8:1::2"]!["remoteAs"]!);
    }

    [Theory]
    [InlineData("10.0.1.1")]
    [InlineData("2001:db8:1::1")]
    public async Task The_node_reaches_the_router(string address) =>
        await Poll.Until(
            async () => (await _node.TryRun("ping", "-c", "1", "-W", "1", address)).ToString(),
            result => result.Contains("1 received", StringComparison.Ordinal),
            Timeout,
            $"{address} answers");

    [Fact]
    public async Task A_node_sees_its_own_name_interfaces_and_processes_only()
    {
        Assert.Equal("node1\n", await _node.Run("hostname"));
        Assert.Equal("eth1\nlo\n", await _node.Run("ls", "/sys/class/net"));
        Assert.DoesNotContain("bgpd", await _node.Run("ps", "-e"), StringComparison.Ordinal);
        Assert.Contains("bgpd", await _router.Run("ps", "-e"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_node_writes_is_seen_by_nobody_else()
    {
        foreach (var directory in new[] { "/etc", "/var/lib", "/run" })
        {
            var file = $"{directory}/{TestTopology.UniqueName("written-by-node1")}";
            await _node.Run("touch", file);

            Assert.False(File.Exists(file), $"{file} is on the host");
            Assert.NotEqual(0, (await _router.TryRun("test", "-e", file)).ExitCode);
        }
    }

    [Fact]
    public async Task A_static_route_of_the_router_is_in_the_kernel()
    {
        await _router.Configure("ip route 192.0.2.0/24 10.0.1.2");
        try
        {
            var routes = await Poll.Until(
                () => _router.KernelRoutes("192.0.2.0/24"),
                found => found.Count > 0,
                Timeout,
                "the route is in the kernel");

            Assert.Equal("10.0.1.2", (string)routes[0]!["gateway"]!);
        }
        finally
        {
            await _router.Configure("no ip route 192.0.2.0/24 10.0.1.2");
        }
    }

    [Fact]
    public async Task A_killed_bgpd_comes_back_with_its_configuration()
    {
        await _router.KillBgpd();

        await Poll.Until(
            async () => (await _router.TryRun("vtysh", "-c", "show bgp summary")).ToString(),
            text => text.Contains("bgpd is not running", StringComparison.Ordinal),
            Timeout,
            "vtysh sees that bgpd is away");
        await Poll.Until(
            () => _router.SessionState("10.0.1.2"),
            state => state is "Active" or "Connect" or "Idle",
            Timeout,
            "the restarted bgpd knows its peer");
    }
}

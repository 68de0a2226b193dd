using System.Diagnostics;
using AnycastVip.Lab.Tests.Fixture;
using AnycastVip.Netlab.Deployment;
using AnycastVip.Netlab.Model;

namespace AnycastVip.Lab.Tests;

/// <summary>What netlab makes, and that it takes all of it away and nothing else.</summary>
public sealed class NetlabTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    public NetlabTests() => TestTopology.RequireLab();

    [Fact]
    public async Task Destroy_leaves_no_namespace_no_process_and_no_file()
    {
        var topology = TestTopology.Load("one-router") with { Name = TestTopology.UniqueName("leaves-nothing") };
        var lab = await TestTopology.DeployAsync(topology);
        using var surplus = await lab.StartAsync("node1", ["sleep", "infinity"], TestContext.Current.CancellationToken);
        var pids = topology.Nodes.SelectMany(node => PidsIn(topology.NamespaceOf(node))).ToList();
        // The router's init, watchfrr, zebra, bgpd, staticd and bfdd; the node's init and the surplus process.
        Assert.True(pids.Count >= 8, string.Join(' ', pids));

        Assert.True(await lab.DestroyAsync(TestContext.Current.CancellationToken));

        await AssertNothingLeft(topology, pids);
        Assert.False(await lab.DestroyAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_lab_can_be_deployed_again_once_destroyed_but_not_twice()
    {
        var topology = SmallTopology("twice");
        var lab = await TestTopology.DeployAsync(topology);

        var refusal = await Assert.ThrowsAsync<NetlabException>(() => TestTopology.DeployAsync(topology));
        Assert.Contains("is deployed already", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("a\n", (await lab.ExecAsync("a", ["hostname"], TestContext.Current.CancellationToken)).Output);

        await lab.DestroyAsync(TestContext.Current.CancellationToken);
        lab = await TestTopology.DeployAsync(topology);
        await lab.DestroyAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_namespace_that_is_not_netlabs_is_left_alone()
    {
        var topology = SmallTopology("foreign");
        var foreign = topology.NamespaceOf(topology.Nodes[1]);
        await RunOnHost("ip", "netns", "add", foreign);
        try
        {
            var refusal = await Assert.ThrowsAsync<NetlabException>(() => TestTopology.DeployAsync(topology));

            Assert.Contains(foreign, refusal.Message, StringComparison.Ordinal);
            Assert.False(await DeployedLab.DestroyAsync(topology.Name, TestContext.Current.CancellationToken));
            Assert.True(File.Exists($"/run/netns/{foreign}"));
            Assert.False(File.Exists($"/run/netns/{topology.NamespaceOf(topology.Nodes[0])}"));
        }
        finally
        {
            await RunOnHost("ip", "netns", "delete", foreign);
        }
    }

    [Fact]
    public async Task A_deployment_that_fails_is_taken_back_and_names_the_command()
    {
        var topology = SmallTopology("fails");
        topology = topology with
        {
            Nodes = [topology.Nodes[0], topology.Nodes[1] with { Sysctls = Pairs("net.no.such.parameter", "1") }],
        };

        var failure = await Assert.ThrowsAsync<NetlabException>(() => TestTopology.DeployAsync(topology));

        Assert.Contains("net.no.such.parameter=1' ended with", failure.Message, StringComparison.Ordinal);
        await AssertNothingLeft(topology, []);
    }

    [Fact]
    public async Task A_failing_exec_is_reported_and_the_lab_stands()
    {
        var topology = SmallTopology("exec");
        topology = topology with
        {
            Nodes = [topology.Nodes[0] with { Exec = [["false"], ["true"]] }, topology.Nodes[1]],
        };

        var lab = await DeployedLab.DeployAsync(topology, TestContext.Current.CancellationToken);
        try
        {
            Assert.Equal("false", Assert.Single(lab.FailedExecs).Arguments[^1]);
        }
        finally
        {
            await lab.DestroyAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_node_has_its_environment_its_binds_and_its_long_running_command()
    {
        using var directory = new TemporaryDirectory();
        var topology = SmallTopology("node");
        topology = topology with
        {
            Nodes =
            [
                topology.Nodes[0] with
                {
                    Environment = Pairs("GREETING", "hello there"),
                    Binds = [new Bind(directory.Path, true, "/etc/netlab-test/bound", false)],
                    Command = ["sh", "-c", "echo \"$GREETING\" > /etc/netlab-test/bound/greeting; exec sleep infinity"],
                },
                topology.Nodes[1],
            ],
        };

        var lab = await TestTopology.DeployAsync(topology);
        try
        {
            var greeting = Path.Combine(directory.Path, "greeting");
            await Poll.Until(
                async () => File.Exists(greeting) ? await File.ReadAllTextAsync(greeting) : "",
                text => text == "hello there\n",
                Timeout,
                "the command wrote into the bound directory");
            Assert.False(Directory.Exists("/etc/netlab-test"));
        }
        finally
        {
            await lab.DestroyAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Destroy_works_after_the_deploying_netlab_was_killed()
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "killed.clab.yml");
        // The last command never ends: netlab is killed in the middle of its work.
        await File.WriteAllTextAsync(
            file,
            """
            name: killed
            topology:
              defaults: {kind: linux, image: host}
              nodes: {a: , b: {exec: [sleep infinity]}}
              links: [{endpoints: ["a:eth1", "b:eth1"]}]
            """,
            TestContext.Current.CancellationToken);
        var topology = TopologyFile.Load(file).Topology! with { Name = TestTopology.UniqueName("killed") };
        var netlab = Path.Combine(AppContext.BaseDirectory, "netlab.dll");
        using var process = Process.Start("dotnet", [netlab, "deploy", "-t", file, "-n", topology.Name]);
        await Poll.Until(
            () => PidsIn(topology.NamespaceOf(topology.Nodes[1])).Count,
            // The node's init, and the command behind its nsenter.
            count => count >= 3,
            Timeout,
            "the lab's last command runs");
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var pids = topology.Nodes.SelectMany(node => PidsIn(topology.NamespaceOf(node))).ToList();

        Assert.True(await DeployedLab.DestroyAsync(topology.Name, TestContext.Current.CancellationToken));

        await AssertNothingLeft(topology, pids);
    }

    private static Topology SmallTopology(string name) => new(
        TestTopology.UniqueName(name),
        Prefix: null,
        [HostNode("a"), HostNode("b")],
        [new Link(new LinkEnd("a", "eth1"), new LinkEnd("b", "eth1"), 1500)]);

    private static TopologyNode HostNode(string name)
    {
        var none = new Dictionary<string, string>();
        return new(name, NodeImage.Host, Binds: [], Command: null, Exec: [], Environment: none, Sysctls: none);
    }

    private static Dictionary<string, string> Pairs(string name, string value) => new() { [name] = value };

    private static async Task AssertNothingLeft(Topology topology, IEnumerable<int> pids)
    {
        Assert.DoesNotContain(topology.Nodes.Select(topology.NamespaceOf), name => File.Exists($"/run/netns/{name}"));
        Assert.DoesNotContain(topology.Name, DeployedLab.DeployedNames());
        // A dead process keeps its number until the host's init has read its exit code.
        await Poll.Until(
            () => string.Join(' ', pids.Where(pid => Directory.Exists($"/proc/{pid}"))),
            left => left.Length == 0,
            Timeout,
            "no process of the lab is left");
    }

    private static IReadOnlyList<int> PidsIn(string networkNamespace)
    {
        using var process = Process.Start(
            new ProcessStartInfo("ip", ["netns", "pids", networkNamespace])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        var pids = process.StandardOutput.ReadToEnd();
        return [.. pids.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
    }

    private static async Task RunOnHost(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }
}

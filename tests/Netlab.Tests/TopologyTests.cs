using AnycastVip.Netlab.Model;

namespace AnycastVip.Netlab.Tests;

public sealed class TopologyTests
{
    private const string AllLevels = """
        name: levels
        topology:
          defaults:
            kind: linux
            image: host:1
            env: {LEVEL: defaults, D: 1}
            sysctls: {net.ipv4.ip_forward: 0}
            exec: [echo defaults]
            binds: ["node.conf:/etc/a.conf", "node.conf:/etc/b.conf"]
            cmd: sleep 1
          kinds:
            linux:
              env: {LEVEL: kind, K: 1}
              exec: [echo kind]
          groups:
            routers:
              image: quay.io/frrouting/frr:10.5.1
              env: {LEVEL: group, G: 1}
              sysctls: {net.ipv4.ip_forward: 1}
              exec: [echo group]
              binds: ["node.conf:/etc/a.conf:ro"]
          nodes:
            plain:
            router:
              group: routers
              env: {LEVEL: node, OWN: "yes"}
              exec: [echo node]
              cmd: sleep 2
        """;

    [Fact]
    public void Mappings_are_merged_by_key_and_the_more_specific_level_wins()
    {
        var router = TemporaryTopology.LoadValid(AllLevels).FindNode("router")!;

        Assert.Equal(
            "LEVEL=node D=1 K=1 G=1 OWN=yes",
            string.Join(' ', router.Environment.Select(pair => $"{pair.Key}={pair.Value}")));
        Assert.Equal(new Dictionary<string, string> { ["net.ipv4.ip_forward"] = "1" }, router.Sysctls);
    }

    [Fact]
    public void Exec_lists_are_joined_from_the_least_specific_level_on()
    {
        var router = TemporaryTopology.LoadValid(AllLevels).FindNode("router")!;

        Assert.Equal(
            ["echo defaults", "echo kind", "echo group", "echo node"],
            router.Exec.Select(arguments => string.Join(' ', arguments)));
    }

    [Fact]
    public void Binds_are_merged_by_destination()
    {
        var router = TemporaryTopology.LoadValid(AllLevels).FindNode("router")!;

        Assert.Equal(
            [("/etc/a.conf", true), ("/etc/b.conf", false)],
            router.Binds.Select(bind => (bind.Destination, bind.IsReadOnly)));
    }

    [Fact]
    public void Single_values_of_the_most_specific_level_win()
    {
        var nodes = TemporaryTopology.LoadValid(AllLevels).Nodes;

        Assert.Equal(
            [("plain", NodeImage.Host, "sleep 1"), ("router", NodeImage.Frr, "sleep 2")],
            nodes.Select(node => (node.Name, node.Image, string.Join(' ', node.Command!))));
    }

    [Fact]
    public void A_node_takes_its_kind_from_its_group_and_its_group_from_the_kind()
    {
        var topology = TemporaryTopology.LoadValid("""
            name: x
            topology:
              kinds: {linux: {group: second}}
              groups:
                first: {kind: linux, image: host}
                second: {image: frr}
              nodes:
                a: {group: first}
                b: {kind: linux}
            """);

        Assert.Equal([NodeImage.Host, NodeImage.Frr], topology.Nodes.Select(node => node.Image));
    }

    [Theory]
    [InlineData("quay.io/frrouting/frr:10.5.1", NodeImage.Frr)]
    [InlineData("frrouting/frr", NodeImage.Frr)]
    [InlineData("registry:5000/frr@sha256:0", NodeImage.Frr)]
    [InlineData("anycastvip/node:frr", NodeImage.Host)]
    [InlineData("registry:5000/alpine", NodeImage.Host)]
    public void Images_are_mapped_by_their_repository(string image, NodeImage expected)
    {
        var topology = TemporaryTopology.LoadValid(
            $$"""
            name: x
            topology: {nodes: {a: {kind: linux, image: "{{image}}" } } }
            """);

        Assert.Equal(expected, topology.Nodes[0].Image);
    }

    [Theory]
    [InlineData("", "clab-x-a")]
    [InlineData("prefix: lab", "lab-x-a")]
    [InlineData("prefix: ''", "a")]
    [InlineData("prefix: __lab-name", "x-a")]
    public void Namespaces_are_named_as_containerlab_names_containers(string prefix, string expected)
    {
        var topology = TemporaryTopology.LoadValid(
            $$"""
            name: x
            {{prefix}}
            topology: {nodes: {a: {kind: linux, image: host} } }
            """);

        Assert.Equal(expected, topology.NamespaceOf(topology.Nodes[0]));
    }

    [Fact]
    public void Links_are_read_in_both_forms()
    {
        var topology = TemporaryTopology.LoadValid("""
            name: x
            topology:
              defaults: {kind: linux, image: host, network-mode: none}
              nodes: {a: , b: }
              links:
                - endpoints: ["a:eth0", "b:eth0"]
                - endpoints: ["a:eth1", "b:eth1"]
                  mtu: 1500
                - type: veth
                  mtu: 9000
                  endpoints: [{node: a, interface: fifteen-letters}, {node: b, interface: eth2}]
            """);

        Assert.Equal(
            [
                new Link(new LinkEnd("a", "eth0"), new LinkEnd("b", "eth0"), 9500),
                new Link(new LinkEnd("a", "eth1"), new LinkEnd("b", "eth1"), 1500),
                new Link(new LinkEnd("a", "fifteen-letters"), new LinkEnd("b", "eth2"), 9000),
            ],
            topology.Links);
    }

    [Fact]
    public void Bind_sources_are_relative_to_the_topology_file()
    {
        using var file = new TemporaryTopology("""
            name: x
            topology: {nodes: {a: {kind: linux, image: host, binds: ["node.conf:/etc/x/../a.conf:ro", ".:/var/a"]}}}
            """);

        var binds = file.LoadValid().Nodes[0].Binds;

        Assert.Equal(
            [
                new Bind(Path.Combine(file.Directory, "node.conf"), false, "/etc/a.conf", true),
                new Bind(file.Directory, true, "/var/a", false),
            ],
            binds);
    }

    [Theory]
    [InlineData("ip  link\tshow", "ip|link|show")]
    [InlineData("""vtysh -c 'show ip route'""", "vtysh|-c|show ip route")]
    [InlineData("""echo "a \"b\" \\" c\ d""", """echo|a "b" \|c d""")]
    [InlineData("""echo 'a\b' "" x''y a#b""", """echo|a\b||xy|a#b""")]
    [InlineData("echo * && ls | cat", "echo|*|&&|ls|||cat")]
    public void Command_lines_are_split_without_a_shell(string line, string expected) =>
        Assert.Equal(expected, string.Join('|', CommandLine.Split(line).Arguments!));
}

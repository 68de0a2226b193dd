using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Netlab.Tests;

public sealed class DeployPlanTests
{
    [Fact]
    public void A_router_and_a_node_are_made_in_this_order()
    {
        using var file = new TemporaryTopology("""
            name: x
            topology:
              defaults: {kind: linux}
              nodes:
                r:
                  image: frrouting/frr
                  binds: ["node.conf:/etc/frr/frr.conf:ro"]
                  sysctls: {net.ipv4.ip_forward: 1}
                  exec: [vtysh -c 'show version']
                h: {image: host, cmd: "vipd run", exec: [ip address add 10.0.0.2/24 dev eth1]}
              links:
                - endpoints: ["r:eth1", "h:eth1"]
                  mtu: 1500
            """);

        var plan = DeployPlan.For(file.LoadValid()).Select(step => step.ToString()!);

        Assert.Equal(
            $"""
            r: namespace
            host: ip netns exec clab-x-r sysctl --quiet --write net.ipv4.ip_forward=1
            h: namespace
            host: ip link add name eth1 mtu 1500 netns clab-x-r type veth peer name eth1 mtu 1500 netns clab-x-h
            host: ip -netns clab-x-r link set lo up
            host: ip -netns clab-x-r link set eth1 up
            host: ip -netns clab-x-h link set lo up
            host: ip -netns clab-x-h link set eth1 up
            r: init
            r: hostname r
            r: mount -t sysfs -o ro netlab /sys
            r: mount -t tmpfs -o mode=0755 netlab /run
            r: mkdir -p /run/netlab/etc/upper /run/netlab/etc/work
            r: mount -t overlay -o lowerdir=/etc,upperdir=/run/netlab/etc/upper,workdir=/run/netlab/etc/work netlab /etc
            r: mkdir -p /run/netlab/var/upper /run/netlab/var/work
            r: mount -t overlay -o lowerdir=/var,upperdir=/run/netlab/var/upper,workdir=/run/netlab/var/work netlab /var
            r: mount -t tmpfs -o mode=0755 netlab /etc/frr
            r: install -d -o frr -g frr -m 0755 /run/frr
            r: mkdir -p /etc/frr
            r: touch /etc/frr/frr.conf
            r: mount --bind {file.Directory}/node.conf /etc/frr/frr.conf
            r: mount -o remount,bind,ro /etc/frr/frr.conf
            h: init
            h: hostname h
            h: mount -t sysfs -o ro netlab /sys
            h: mount -t tmpfs -o mode=0755 netlab /run
            h: mkdir -p /run/netlab/etc/upper /run/netlab/etc/work
            h: mount -t overlay -o lowerdir=/etc,upperdir=/run/netlab/etc/upper,workdir=/run/netlab/etc/work netlab /etc
            h: mkdir -p /run/netlab/var/upper /run/netlab/var/work
            h: mount -t overlay -o lowerdir=/var,upperdir=/run/netlab/var/upper,workdir=/run/netlab/var/work netlab /var
            r: /usr/lib/frr/frrinit.sh start
            h cmd: vipd run
            r exec: vtysh -c show version
            h exec: ip address add 10.0.0.2/24 dev eth1
            """,
            string.Join('\n', plan));
    }

    [Fact]
    public void A_command_replaces_the_start_of_FRR_as_it_replaces_that_of_an_image()
    {
        var topology = TemporaryTopology.LoadValid("""
            name: x
            topology: {nodes: {r: {kind: linux, image: frr, cmd: sleep infinity}}}
            """);

        var plan = DeployPlan.For(topology).Select(step => step.ToString()!).ToList();

        Assert.Equal("r cmd: sleep infinity", plan[^1]);
        Assert.DoesNotContain(plan, step => step.Contains(DeployPlan.FrrStartScript, StringComparison.Ordinal));
    }

    [Fact]
    public void A_directory_is_bound_on_a_private_layer_over_the_top_of_its_path()
    {
        using var file = new TemporaryTopology("""
            name: x
            topology: {nodes: {h: {kind: linux, image: host, binds: [".:/usr/local/share/lab"]}}}
            """);

        var plan = DeployPlan.For(file.LoadValid()).Select(step => step.ToString()!).ToList();

        Assert.Equal(
            [
                "h: mkdir -p /run/netlab/usr/upper /run/netlab/usr/work",
                "h: mount -t overlay -o "
                    + "lowerdir=/usr,upperdir=/run/netlab/usr/upper,workdir=/run/netlab/usr/work netlab /usr",
            ],
            plan.Where(step => step.Contains("/usr/upper", StringComparison.Ordinal)));
        Assert.Equal(
            ["h: mkdir -p /usr/local/share/lab", $"h: mount --bind {file.Directory} /usr/local/share/lab"], plan[^2..]);
    }
}

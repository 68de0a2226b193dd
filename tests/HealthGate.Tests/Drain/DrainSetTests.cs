using AnycastVip.HealthGate.Drain;

namespace AnycastVip.HealthGate.Tests.Drain;

public sealed class DrainSetTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly DrainTarget Node = new DrainTarget.Node();
    private static readonly DrainTarget Web = new DrainTarget.Vip("web");
    private static readonly DrainTarget S1 = new DrainTarget.Backend("web", "s1");
    private static readonly DrainTarget Tor1 = new DrainTarget.Peer("tor1");

    [Fact]
    public void A_drain_covers_its_target_alone()
    {
        var drains = DrainSet.Empty.Drain(Order(Web)).Drain(Order(S1)).Drain(Order(Tor1));

        Assert.Equal(Order(Web), drains.Covering(Web));
        Assert.Equal(Order(S1), drains.Covering(S1));
        Assert.Equal(Order(Tor1), drains.Covering(Tor1));
        Assert.Null(drains.Covering(new DrainTarget.Vip("dns")));
        Assert.Null(drains.Covering(new DrainTarget.Backend("dns", "s1")));
        Assert.Null(drains.Covering(new DrainTarget.Peer("web")));
        Assert.Null(drains.Covering(Node));
    }

    [Fact]
    public void The_nodes_drain_covers_every_VIP_but_no_backend_and_no_peer()
    {
        var drains = DrainSet.Empty.Drain(Order(Node));

        Assert.Equal(Order(Node), drains.Covering(Web));
        Assert.Null(drains.Covering(S1));
        Assert.Null(drains.Covering(Tor1));
    }

    [Fact]
    public void A_VIPs_own_drain_outlives_the_nodes()
    {
        var drains = DrainSet.Empty.Drain(Order(Node)).Drain(Order(Web));

        Assert.Equal(Order(Web), drains.Covering(Web));
        Assert.Equal(Order(Web), drains.Undrain(Node).Covering(Web));
        Assert.Equal(Order(Node), drains.Undrain(Web).Covering(Web));
    }

    [Fact]
    public void Repeating_a_drain_replaces_reason_and_timeout_and_keeps_its_time()
    {
        var again = new DrainOrder(Web, "longer", "eve", Noon.AddHours(1), TimeSpan.FromMinutes(9));

        var drains = DrainSet.Empty.Drain(Order(Web)).Drain(again);

        Assert.Equal([again with { OrderedAt = Noon }], drains.Orders);
    }

    [Fact]
    public void Undraining_what_is_not_drained_gives_the_same_set()
    {
        var drains = DrainSet.Empty.Drain(Order(Web));

        Assert.Same(drains, drains.Undrain(Node));
        Assert.Empty(drains.Undrain(Web).Orders);
    }

    private static DrainOrder Order(DrainTarget target) => new(target, $"work on {target}", "ada", Noon);
}

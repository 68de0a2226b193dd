using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Health;

/// <summary>Drives one VIP by hand.</summary>
internal sealed class VipDriver
{
    public static readonly VipSettings Settings = new()
    {
        Name = "web",
        MinHealthy = new(2, 0),
        StandbyBelowPercent = 75,
        ReadvertiseDelay = TimeSpan.FromSeconds(10),
    };

    public VipDriver(VipSettings? settings = null, bool isDrained = false) =>
        State = VipGate.Initial(settings ?? Settings, TimeSpan.Zero, isDrained, isDrained ? "upgrade" : "");

    public VipGateState State { get; private set; }

    public TimeSpan Now { get; set; }

    public VipFacts Facts { get; private set; } = new();

    public static Finding Proven { get; } = new(Proof.Proven, "in order");

    public static IReadOnlyList<PoolCount> Pool(int up, int unknown = 0) => [new("web", up, unknown, 4)];

    /// <summary>A VIP that is announced in full.</summary>
    public static VipDriver Announced(VipSettings? settings = null)
    {
        var vip = new VipDriver(settings);
        vip.See(facts => facts with { Pools = Pool(4), Address = Proven });
        vip.See(facts => facts with { Listener = Proven });
        vip.See(facts => facts with { SelfProbe = Proven });
        Assert.Equal(VipStatus.Up, vip.State.Status);
        return vip;
    }

    public IReadOnlyList<VipAction> Take(VipInput input)
    {
        (State, var actions) = VipGate.Next(State, input, Now);
        return actions;
    }

    public IReadOnlyList<VipAction> See(Func<VipFacts, VipFacts> change) => Take(new FactsSeen(Facts = change(Facts)));

    public IReadOnlyList<VipAction> Tick(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return Take(new VipTimersDue());
    }

    public IReadOnlyList<VipAction> Drain() => Take(new VipDrainOrdered(true, "upgrade"));

    public IReadOnlyList<VipAction> Undrain() => Take(new VipDrainOrdered(false, ""));

    public IReadOnlyList<VipAction> Count(int fed, int stranded) => Take(new ConnectionsCounted(Now, fed, stranded));
}

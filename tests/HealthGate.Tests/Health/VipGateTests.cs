using AnycastVip.HealthGate.Health;
using static AnycastVip.HealthGate.Tests.Health.VipDriver;

namespace AnycastVip.HealthGate.Tests.Health;

public sealed class VipGateTests
{
    private const string Full = "pool web: 4 of 4 backends up";

    [Fact]
    public void A_VIP_goes_up_step_by_step_and_each_waits_for_the_proof_of_the_one_before()
    {
        var vip = new VipDriver();

        AssertActions(vip.Tick(0), new SetAddress(true));
        AssertActions(
            vip.See(facts => facts with { Pools = Pool(4) }),
            new VipStatusChanged(VipStatus.Unknown, VipStatus.Starting, "not seen yet"));
        AssertActions(vip.See(facts => facts with { Address = Proven }), new SetListener(true));
        AssertActions(vip.See(facts => facts with { Listener = Proven }), new SetSelfProbe(true));
        AssertActions(
            vip.See(facts => facts with { SelfProbe = Proven }),
            new SetAnnouncement(Announcement.Normal, Full),
            new VipStatusChanged(VipStatus.Starting, VipStatus.Up, Full));
        Assert.Null(vip.State.NextDeadline);
    }

    [Fact]
    public void Address_listener_and_probe_do_not_wait_for_health()
    {
        var vip = new VipDriver();
        const string Bad = "pool web: 1 of 4 backends up, 2 wanted";

        AssertActions(
            vip.See(facts => facts with { Pools = Pool(1), Address = Proven }),
            new SetAddress(true), new SetListener(true), new SetAnnouncement(Announcement.None, Bad),
            new VipStatusChanged(VipStatus.Unknown, VipStatus.Down, Bad));
        AssertActions(vip.See(facts => facts with { Listener = Proven }), new SetSelfProbe(true));
        AssertActions(vip.See(facts => facts with { SelfProbe = Proven }));
        AssertActions(
            vip.See(facts => facts with { Pools = Pool(4) }),
            new SetAnnouncement(Announcement.Normal, Full), new VipStatusChanged(VipStatus.Down, VipStatus.Up, Full));
    }

    [Fact]
    public void An_announce_only_VIP_needs_its_address_and_its_checks()
    {
        var vip = new VipDriver(Settings with { HasListeners = false });

        AssertActions(vip.See(facts => facts with { Address = Proven }), new SetAddress(true));
        AssertActions(
            vip.See(facts => facts with { Checks = [new("dns", CheckVerdict.Passing, "exit 0")] }),
            new SetAnnouncement(Announcement.Normal, "check dns: exit 0"),
            new VipStatusChanged(VipStatus.Unknown, VipStatus.Up, "check dns: exit 0"));
        AssertActions(
            vip.See(facts => facts with { Checks = [new("dns", CheckVerdict.Stale, "no result for 5 s")] }),
            new SetAnnouncement(Announcement.None, "check dns: no result for 5 s"),
            new VipStatusChanged(VipStatus.Up, VipStatus.Down, "check dns: no result for 5 s"));
    }

    [Fact]
    public void Until_all_is_known_the_speaker_holds_what_it_has()
    {
        var vip = new VipDriver();

        vip.See(facts => facts with { Pools = Pool(0, 4), Address = Proven, Listener = Proven, SelfProbe = Proven });

        Assert.Equal((Announcement.Unknown, VipStatus.Unknown), (vip.State.Announcement, vip.State.Status));
    }

    public static TheoryData<string, VipFacts, VipStatus> Faults => new()
    {
        { "too few backends", new() { Pools = Pool(1) }, VipStatus.Down },
        { "nothing known of backends", new() { Pools = Pool(1, 3) }, VipStatus.Unknown },
        { "address lost", new() { Address = new(Proof.Broken, "removed by hand") }, VipStatus.Blocked },
        { "proxy gone", new() { Listener = new(Proof.Broken, "the proxy is gone") }, VipStatus.Blocked },
        { "proxy unknown", new() { Listener = new(Proof.Unknown, "no word") }, VipStatus.Starting },
        { "self-probe fails", new() { SelfProbe = new(Proof.Broken, "refused") }, VipStatus.Blocked },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_withdraws_at_once_and_leaves_address_and_listener(string _, VipFacts fault, VipStatus status)
    {
        var vip = Announced();

        var actions = vip.See(facts => facts with
        {
            Pools = fault.Pools.Count > 0 ? fault.Pools : facts.Pools,
            Address = fault.Address == VipFacts.NotSeen ? facts.Address : fault.Address,
            Listener = fault.Listener == VipFacts.NotSeen ? facts.Listener : fault.Listener,
            SelfProbe = fault.SelfProbe == VipFacts.NotSeen ? facts.SelfProbe : fault.SelfProbe,
        });

        var reason = vip.State.Reason;
        AssertActions(
            actions, new SetAnnouncement(Announcement.None, reason),
            new VipStatusChanged(VipStatus.Up, status, reason));
    }

    [Fact]
    public void A_flapping_VIP_is_announced_again_only_after_lasting_health()
    {
        var vip = Announced();
        vip.Tick(60);
        AssertAnnounces(vip.See(facts => facts with { Pools = Pool(0) }), Announcement.None);
        for (var flap = 0; flap < 20; flap++)
        {
            vip.Now += TimeSpan.FromMilliseconds(500);
            AssertAnnounces(vip.See(facts => facts with { Pools = Pool(4) }));
            Assert.Equal((VipStatus.Damped, $"{Full}; damped for another 10 s"), (vip.State.Status, vip.State.Reason));
            vip.Now += TimeSpan.FromMilliseconds(500);
            AssertAnnounces(vip.See(facts => facts with { Pools = Pool(0) }));
        }
        vip.See(facts => facts with { Pools = Pool(4) });

        Assert.Equal(vip.Now + TimeSpan.FromSeconds(10), vip.State.NextDeadline);
        AssertActions(vip.Tick(9.9));
        AssertActions(
            vip.Tick(0.1), new SetAnnouncement(Announcement.Normal, Full),
            new VipStatusChanged(VipStatus.Damped, VipStatus.Up, Full));
    }

    [Fact]
    public void Standby_is_entered_and_left_with_a_dwell_between()
    {
        const string Reduced = "pool web: 2 of 4 backends up, standby below 75 %";
        var vip = Announced();

        AssertActions(vip.See(facts => facts with { Pools = Pool(2) }));
        Assert.Equal($"{Reduced}; announced as Normal, damped for another 10 s", vip.State.Reason);
        AssertActions(
            vip.Tick(10), new SetAnnouncement(Announcement.Standby, Reduced),
            new VipStatusChanged(VipStatus.Up, VipStatus.Standby, Reduced));
        AssertActions(vip.See(facts => facts with { Pools = Pool(3) }));
        AssertAnnounces(vip.Tick(10), Announcement.Normal);
    }

    [Fact]
    public void A_route_that_the_speaker_refuses_blocks_the_VIP()
    {
        var vip = Announced();
        const string Reason = "the speaker refuses the route: not in the allow-list";

        AssertActions(
            vip.See(facts => facts with { Refusal = "not in the allow-list" }),
            new VipStatusChanged(VipStatus.Up, VipStatus.Blocked, Reason));
    }

    [Theory]
    [InlineData(0, 0, 4, 1)]
    [InlineData(2, 0, 4, 2)]
    [InlineData(0, 50, 4, 2)]
    [InlineData(0, 50, 5, 3)]
    [InlineData(1, 34, 3, 2)]
    [InlineData(9, 0, 4, 9)]
    public void The_minimum_is_the_greater_of_count_and_percent(int count, int percent, int total, int wanted) =>
        Assert.Equal(wanted, new MinHealthy(count, percent).Wanted(total));

    [Theory]
    [InlineData(4, 0, HealthGrade.Good)]
    [InlineData(3, 1, HealthGrade.Good)]
    [InlineData(2, 0, HealthGrade.Reduced)]
    [InlineData(2, 1, HealthGrade.Unknown)]
    [InlineData(1, 1, HealthGrade.Unknown)]
    [InlineData(1, 0, HealthGrade.Bad)]
    [InlineData(0, 1, HealthGrade.Bad)]
    public void Unknown_backends_leave_the_question_open(int up, int unknown, HealthGrade grade) =>
        Assert.Equal(grade, VipHealth.Of(Settings, new() { Pools = Pool(up, unknown) }).Grade);

    [Fact]
    public void The_worst_of_several_pools_and_checks_counts()
    {
        var facts = new VipFacts { Pools = [new("a", 2, 0, 2), new("b", 1, 0, 2)] };
        Assert.Equal("pool b: 1 of 2 backends up, 2 wanted", VipHealth.Of(Settings, facts).Reason);

        facts = facts with
        {
            Checks = [new("disk", CheckVerdict.Passing, "ok"), new("lag", CheckVerdict.Failing, "exit 2")],
        };
        Assert.Equal(new(HealthGrade.Bad, "check lag: exit 2"), VipHealth.Of(Settings, facts));
    }

    // In the order of Announcement: U nknown, - none, D raining, S tandby, N ormal.
    [Theory]
    [InlineData(PrefixPolicy.Any, "N-", 'N')]
    [InlineData(PrefixPolicy.Any, "S-", 'S')]
    [InlineData(PrefixPolicy.Any, "DN", 'N')]
    [InlineData(PrefixPolicy.Any, "D-", 'D')]
    [InlineData(PrefixPolicy.Any, "--", '-')]
    [InlineData(PrefixPolicy.Any, "U-", 'U')]
    [InlineData(PrefixPolicy.Any, "UN", 'N')]
    [InlineData(PrefixPolicy.All, "NN", 'N')]
    [InlineData(PrefixPolicy.All, "NS", 'S')]
    [InlineData(PrefixPolicy.All, "ND", 'D')]
    [InlineData(PrefixPolicy.All, "N-", '-')]
    [InlineData(PrefixPolicy.All, "U-", '-')]
    [InlineData(PrefixPolicy.All, "UN", 'U')]
    [InlineData(PrefixPolicy.All, "U", 'U')]
    public void VIPs_in_one_prefix_decide_together(PrefixPolicy policy, string vips, char expected) =>
        Assert.Equal(Letter(expected), SharedPrefix.Decide(policy, [.. vips.Select(Letter)]));

    [Fact]
    public void The_chain_names_the_first_broken_link_and_its_remedy()
    {
        var vip = Announced();
        Assert.All(VipView.Explain(vip.State, vip.Now), link => Assert.Equal(LinkResult.Ok, link.Result));

        vip.See(facts => facts with { Listener = new(Proof.Broken, "port 80 is taken") });
        var links = VipView.Explain(vip.State, vip.Now);

        Assert.Equal(
            Enum.GetValues<LinkStep>().Where(step => step != LinkStep.Checks), links.Select(link => link.Step));
        Assert.Equal(
            "Ok Ok Ok Broken NotReached NotReached NotReached", string.Join(' ', links.Select(link => link.Result)));
        Assert.Equal("port 80 is taken", links[3].Text);
        Assert.All(links, link => Assert.Equal(link.Result == LinkResult.Broken, link.Remedy.Length > 0));
    }

    private static Announcement Letter(char letter) => (Announcement)"U-DSN".IndexOf(letter, StringComparison.Ordinal);

    private static void AssertActions(IReadOnlyList<VipAction> actual, params VipAction[] expected) =>
        Assert.Equal(expected, actual);

    private static void AssertAnnounces(IReadOnlyList<VipAction> actual, params Announcement[] expected) =>
        Assert.Equal(expected, actual.OfType<SetAnnouncement>().Select(action => action.What));
}

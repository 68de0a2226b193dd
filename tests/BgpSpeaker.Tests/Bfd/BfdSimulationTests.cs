using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Tests.Bfd;

/// <summary>Two machines over a bad link in virtual time. VIP_SEEDS: how many runs; VIP_SEED=n repeats one.</summary>
public sealed class BfdSimulationTests
{
    private const int Seeds = 500;

    // Down to Up takes a slow packet of either side and the answers to it.
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(1.2);

    public static TheoryData<ulong> SomeSeeds => [.. Enumerable.Range(1, 50).Select(seed => (ulong)seed)];

    [Fact]
    public void Two_sessions_hold_their_invariants()
    {
        var failure = SeedSearch.FirstFailure(Seeds, (seed, _) => FindFailure(seed));
        Assert.True(failure is null, failure);
    }

    [Fact]
    public void A_shell_that_judges_timers_before_it_reads_declares_a_false_Down()
    {
        var link = Connected(new BfdLink(seed: 1));
        link.Left.JudgesTimersFirst = true;
        link.Left.Pause(link.Left.Session.DetectionTime * 2);

        var failure = Assert.ThrowsAny<Exception>(() => link.Run(TimeSpan.FromSeconds(5)));

        Assert.Contains("false Down", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SomeSeeds))]
    public void A_restart_with_the_same_discriminator_waits_for_no_detection_time(ulong seed)
    {
        var link = Connected(new BfdLink(seed, refusesStrangers: true));
        var answer = link.Right.Session.TransmitInterval;

        link.Left.Start(link.Left.Session.Settings);
        link.Run(answer + (6 * BfdLink.CalmDelay));

        AssertBothUp(link);
    }

    [Fact]
    public void A_restart_with_another_discriminator_is_refused_until_the_detection_time_is_over()
    {
        var link = Connected(new BfdLink(seed: 1, refusesStrangers: true));
        var detection = link.Right.Session.DetectionTime;

        link.Left.Start(link.Left.Session.Settings, otherDiscriminator: 0x4004);
        link.Run(detection / 2);

        Assert.Equal(BfdState.Up, link.Right.Session.SessionState);
    }

    private static string? FindFailure(ulong seed)
    {
        try
        {
            Run(new BfdLink(seed));
            return null;
        }
        catch (Exception failure)
        {
            return $"VIP_SEED={seed}: {failure}";
        }
    }

    private static void Run(BfdLink link)
    {
        BringUpOverARoughLink(link);
        ChangeTimers(link);
        Pause(link);
        Cut(link);
        TakeDown(link);
    }

    private static BfdLink Connected(BfdLink link)
    {
        link.Left.Start(SomeSettings(link));
        link.Right.Start(SomeSettings(link));
        link.Run(TimeSpan.FromSeconds(5));
        AssertBothUp(link);
        return link;
    }

    private static void BringUpOverARoughLink(BfdLink link)
    {
        link.IsRough = true;
        link.Loss = link.Chance.Pick(0, 10, 30, 60);
        link.Left.Start(SomeSettings(link));
        link.Run(link.Chance.Milliseconds(0, 3000));
        link.Right.Start(SomeSettings(link));
        link.Run(TimeSpan.FromSeconds(20));
        Calm(link);
    }

    private static void ChangeTimers(BfdLink link)
    {
        var failures = (link.Left.Failures, link.Right.Failures);
        for (var change = 0; change < 5; change++)
        {
            var node = link.Chance.Pick(link.Left, link.Right);
            node.Tell(BfdEvent.Configure(SomeSettings(link)));
            link.Run(link.Chance.Milliseconds(0, 2000));
        }
        // Two Poll Sequences one after the other, each within one interval of at most 500 ms.
        link.Run(TimeSpan.FromSeconds(2));
        AssertBothUp(link);
        Assert.Equal(failures, (link.Left.Failures, link.Right.Failures));
        foreach (var (node, peer) in Both(link))
        {
            var (ours, theirs) = (node.Session.Settings, peer.Session.Settings);
            Assert.False(node.Session.IsPolling);
            Assert.Equal(
                Longer(ours.DesiredMinTxInterval, theirs.RequiredMinRxInterval), node.Session.TransmitInterval);
            Assert.Equal(
                theirs.DetectMult * Longer(ours.RequiredMinRxInterval, theirs.DesiredMinTxInterval),
                node.Session.DetectionTime);
        }
    }

    // That no packet which arrived in time is taken for silence is judged by the nodes.
    private static void Pause(BfdLink link)
    {
        for (var pause = 0; pause < 5; pause++)
        {
            link.Chance.Pick(link.Left, link.Right).Pause(link.Chance.Milliseconds(10, 5000));
            link.Run(link.Chance.Milliseconds(0, 6000));
        }
        link.Run(TimeSpan.FromSeconds(5));
        Calm(link);
    }

    private static void Cut(BfdLink link)
    {
        link.IsCut = true;
        link.Run(Bound(link.Left.Session, link.Right.Session));
        Assert.NotEqual(BfdState.Up, link.Left.Session.SessionState);
        Assert.NotEqual(BfdState.Up, link.Right.Session.SessionState);
        link.Run(link.Chance.Milliseconds(0, 5000));
        link.IsCut = false;
        Calm(link);
    }

    private static void TakeDown(BfdLink link)
    {
        var (node, peer) = link.Chance.Pick(Both(link));
        var failures = peer.Failures;
        link.Loss = link.Chance.Pick(0, 50, 100);
        var bound = peer.Session.DetectionTime + BfdLink.CalmDelay;
        var isHeard = link.Loss == 0;
        node.Tell(BfdEvent.Disable);
        link.Run(bound);
        for (var look = 0; look < 20; look++)
        {
            Assert.NotEqual(BfdState.Up, peer.Session.SessionState);
            link.Run(TimeSpan.FromMilliseconds(500));
        }
        if (isHeard)
            Assert.Equal(failures, peer.Failures);
        node.Tell(BfdEvent.Enable);
        Calm(link);
    }

    private static void Calm(BfdLink link)
    {
        link.IsRough = false;
        link.Loss = 0;
        // What was overtaken on its way may still end a session, and the Poll Sequence of a new one takes its time.
        link.Run(TimeSpan.FromSeconds(1));
        link.Run(Recovery);
        AssertBothUp(link);
        link.Run(TimeSpan.FromSeconds(2));
        AssertBothUp(link);
    }

    private static TimeSpan Bound(BfdSession left, BfdSession right) =>
        Longer(left.DetectionTime + right.TransmitInterval, right.DetectionTime + left.TransmitInterval);

    private static void AssertBothUp(BfdLink link)
    {
        Assert.Equal(BfdState.Up, link.Left.Session.SessionState);
        Assert.Equal(BfdState.Up, link.Right.Session.SessionState);
    }

    // Intervals that no delay of a calm link can stretch to a Detection Time, whatever the multiplier.
    private static BfdSettings SomeSettings(BfdLink link) => new(
        link.Chance.Milliseconds(150, 500), link.Chance.Milliseconds(150, 500), (byte)(1 + link.Chance.Below(5)));

    private static (BfdNode Node, BfdNode Peer)[] Both(BfdLink link) =>
        [(link.Left, link.Right), (link.Right, link.Left)];

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;
}

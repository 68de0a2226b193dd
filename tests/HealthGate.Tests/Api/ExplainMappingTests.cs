using AnycastVip.HealthGate.Api;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.HealthGate.Tests.Engine;
using AnycastVip.Proto.V1;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>The one sentence of ExplainVip, and its chain.</summary>
public sealed class ExplainMappingTests
{
    private readonly GateDriver _gate = GateDriver.Announced(GateDriver.Two with
    {
        Vips =
        [
            GateDriver.Vip("web", GateDriver.Address) with
            {
                Settings = new() { Name = "web", StandbyBelowPercent = 100 },
            },
        ],
    });

    [Fact]
    public void A_VIP_that_serves_is_announced()
    {
        Assert.Equal("web is announced", Verdict());
        Assert.False(Explained().HasFirstBroken);
        Assert.Equal(12, Explained().Links.Count);
    }

    [Fact]
    public void Some_peers_that_are_down_are_told_beside_it()
    {
        Deliver(new("tor1", true, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch), new("tor2", false, null, null));
        Assert.Equal("web is announced; 1 of 2 peers are Established, not tor2", Verdict());
    }

    [Fact]
    public void Without_a_session_it_is_announced_to_nobody()
    {
        Deliver(new("tor1", false, null, null), new("tor2", false, null, null));
        Assert.Equal("web is announced to nobody: 0 of 2 peers are Established", Verdict());
        var explained = Explained();
        var broken = explained.Links[(int)explained.FirstBroken];
        Assert.Equal(
            (Proto.V1.ExplainStep.Peers, Proto.V1.ExplainResult.Broken, "look at the peers: vipctl peers"),
            (broken.Step, broken.Result, broken.Remedy));
        Assert.Equal(Proto.V1.ExplainResult.NotReached, explained.Links[^1].Result);
    }

    [Fact]
    public void Without_backends_it_is_not_announced()
    {
        _gate.Judge("backend web/s1", CheckVerdict.Failing);
        _gate.Judge("backend web/s2", CheckVerdict.Failing);
        Assert.Equal("web is not announced: pool web: 0 of 2 backends up, 1 wanted", Verdict());
        var broken = Explained().Links.Single(link => link.Result == Proto.V1.ExplainResult.Broken);
        Assert.Equal(_gate["web"].Cause, broken.EventId);
        Assert.NotNull(broken.Since);
    }

    [Fact]
    public void With_some_backends_it_is_announced_as_standby()
    {
        _gate.Tick(20);
        _gate.Judge("backend web/s1", CheckVerdict.Failing);
        Assert.StartsWith("web is announced as standby: pool web: 1 of 2 backends up", Verdict(), Ordinal);
    }

    [Fact]
    public void A_drain_announces_it_as_a_worse_path_and_then_not_at_all()
    {
        _gate.Drain(new DrainTarget.Node());
        Assert.Equal("web is announced as a worse path: drained: upgrade", Verdict());
        _gate.Acknowledge();
        _gate.Tick(1);
        Assert.Equal("web is not announced: drained: upgrade", Verdict());
    }

    [Fact]
    public void A_lost_speaker_holds_the_announcement_for_its_lease()
    {
        _gate.Take(new SpeakerLost("killed"));
        Assert.Equal("web is announced; the speaker is not connected: killed", Verdict());
        _gate.Tick(5);
        Assert.Equal("web is not announced: the speaker is not connected: killed", Verdict());
    }

    [Fact]
    public void A_gate_that_does_not_know_yet_leaves_the_VIP_as_the_speaker_has_it()
    {
        var gate = new GateDriver();
        gate.Take(new SpeakerConnected(true));
        gate.Take(new ProxyConnected(1));
        var explained = ExplainMapping.ToProto(
            gate["web"], gate.Engine.Explain("web", gate.Now)!, new(EpochClock.Instance));
        Assert.StartsWith("web is left as the speaker has it: ", explained.Verdict, Ordinal);
    }

    [Fact]
    public void What_the_speaker_refuses_is_not_announced()
    {
        _gate.Take(new DeclarationJudged(2, [new("203.0.113.50/32", "not in the allow-list")]));
        Assert.Equal("web is not announced: not in the allow-list", Verdict());
    }

    [Fact]
    public void Every_step_and_every_result_has_its_name()
    {
        foreach (var step in Enum.GetValues<HealthGate.Engine.ExplainStep>())
        {
            var message = ExplainMapping.ToProto(
                _gate["web"], [new(step, HealthGate.Engine.ExplainResult.Ok, "", "")], new(EpochClock.Instance));
            Assert.Equal($"{step}", $"{message.Links[0].Step}");
        }
        foreach (var result in Enum.GetValues<HealthGate.Engine.ExplainResult>())
        {
            var message = ExplainMapping.ToProto(
                _gate["web"], [new(HealthGate.Engine.ExplainStep.Drain, result, "", "")], new(EpochClock.Instance));
            Assert.Equal($"{result}", $"{message.Links[0].Result}");
        }
    }

    private string Verdict() => Explained().Verdict;

    private ExplainVipResponse Explained() => ExplainMapping.ToProto(
        _gate["web"], _gate.Engine.Explain("web", _gate.Now)!, new(EpochClock.Instance));

    private void Deliver(params PeerDelivered[] peers) => _gate.Take(new DeliveryReported(2, peers));
}

using System.Net;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine;

/// <summary>What operators see, and what answers that come late or not at all do.</summary>
public sealed class GateViewTests
{
    [Fact]
    public void The_whole_chain_of_a_VIP_that_serves_holds()
    {
        var chain = GateDriver.Announced().Engine.Explain("web", TimeSpan.Zero)!;
        Assert.Equal(
        [
            ExplainStep.Configuration, ExplainStep.Drain, ExplainStep.Proxy, ExplainStep.Backends,
            ExplainStep.Address, ExplainStep.Listener, ExplainStep.SelfProbe, ExplainStep.Damping,
            ExplainStep.Lease, ExplainStep.Speaker, ExplainStep.Peers, ExplainStep.Delivery,
        ], chain.Select(finding => finding.Step));
        Assert.All(chain, finding => Assert.Equal((ExplainResult.Ok, ""), (finding.Result, finding.Remedy)));
    }

    [Fact]
    public void What_follows_a_broken_link_is_not_asked()
    {
        var gate = GateDriver.Announced();
        gate.Judge("backend web/s1", CheckVerdict.Failing);
        gate.Judge("backend web/s2", CheckVerdict.Failing);
        var chain = gate.Engine.Explain("web", gate.Now)!;
        var broken = chain.Single(finding => finding.Result == ExplainResult.Broken);
        Assert.Equal((ExplainStep.Backends, gate["web"].Cause), (broken.Step, broken.Cause));
        Assert.NotEqual("", broken.Remedy);
        Assert.All(chain.SkipWhile(finding => finding != broken).Skip(1),
            finding => Assert.Equal((ExplainResult.NotReached, ""), (finding.Result, finding.Remedy)));
        Assert.Null(gate.Engine.Explain("nobody", gate.Now));
    }

    [Theory]
    [InlineData(1, ExplainResult.Degraded)]
    [InlineData(5, ExplainResult.Broken)]
    public void A_lost_speaker_breaks_the_chain_once_the_lease_is_over(int seconds, ExplainResult expected)
    {
        var gate = GateDriver.Announced();
        gate.Take(new SpeakerLost("killed"));
        gate.Tick(seconds);
        var chain = gate.Engine.Explain("web", gate.Now)!;
        Assert.Equal(expected, chain.Single(finding => finding.Step == ExplainStep.Lease).Result);
        Assert.Equal(Announcement.Normal, gate["web"].State.Announcement);
        Assert.False(gate["web"].IsDelivered);
    }

    [Fact]
    public void The_verdict_is_one_sentence_about_the_node()
    {
        var gate = GateDriver.Announced();
        Assert.Equal("serving: 1 of 1 VIPs announced", Verdict());
        gate.Judge("backend web/s1", CheckVerdict.Failing);
        gate.Judge("backend web/s2", CheckVerdict.Failing);
        Assert.Equal(
            "not serving: 0 of 1 VIPs announced; web: pool web: 0 of 2 backends up, 1 wanted", Verdict());
        gate.Take(new SpeakerLost("killed"));
        Assert.Equal("not connected to the speaker: killed", Verdict());
        Assert.Contains("the speaker is not connected: killed", gate.Engine.View(gate.Now).Alarms);
        gate.Take(new StopRequested());
        Assert.StartsWith("stopping: ", Verdict(), StringComparison.Ordinal);

        string Verdict() => gate.Engine.View(gate.Now).Verdict;
    }

    [Fact]
    public void A_report_of_a_check_that_was_started_anew_since_is_dropped()
    {
        var gate = GateDriver.Announced();
        gate.Now += TimeSpan.FromSeconds(5);
        gate.Take(new ProxyLost("killed"));
        gate.Take(new ProxyConnected(0));
        gate.Apply();
        var before = gate["web"].Ports[0].SelfProbe.Proof;
        gate.Take(new CheckChanged(new("vip web 203.0.113.50:80", CheckId.SelfProbe), new()
        {
            Settings = new(),
            Since = TimeSpan.FromSeconds(1),
            Verdict = CheckVerdict.Passing,
        }));
        Assert.Equal((Proof.Unknown, Proof.Unknown), (before, gate["web"].Ports[0].SelfProbe.Proof));
    }

    [Fact]
    public void A_kept_table_is_held_until_the_last_backend_is_judged_or_stale()
    {
        var gate = new GateDriver();
        gate.Take(new ProxyConnected(7));
        gate.Take(new ListenersReported([new(new(IPAddress.Parse(GateDriver.Address), 80), true, "", 0)]));
        gate.SeeAddresses();
        gate.Judge("backend web/s1", CheckVerdict.Passing);
        Assert.Empty(gate.Tick(4));
        Assert.Equal(["table 1: 203.0.113.50:80 s1=Up s2=Down"], gate.Judge("backend web/s2", CheckVerdict.Stale));
    }

    [Fact]
    public void A_drain_does_not_wait_for_connections_of_a_proxy_that_is_gone()
    {
        var gate = GateDriver.Announced();
        gate.Drain(new DrainTarget.Vip("web"));
        gate.Acknowledge();
        gate.Tick(1);
        gate.Acknowledge();
        gate.Count(fed: 7, stranded: 0);
        Assert.Equal(VipPhase.Connections, gate["web"].State.Phase);
        Assert.Contains("addresses 2:", gate.Take(new ProxyLost("killed")));
    }

    [Fact]
    public void A_proxy_that_never_comes_is_dead_after_the_grace_of_the_start_and_not_before()
    {
        var gate = new GateDriver();
        gate.Take(new SpeakerConnected(true));
        gate.Take(new ProxyLost("connection refused"));
        gate.SeeAddresses();
        gate.Judge("backend web/s1", CheckVerdict.Passing);
        Assert.Equal(Announcement.Unknown, gate["web"].State.Announcement);
        gate.Now = gate.Engine.NextDeadline!.Value;
        Assert.Equal(TimeSpan.FromMilliseconds(500), gate.Now);
        Assert.Equal(["declare 2: web=None 203.0.113.50/32"], gate.Take(new GateTimersDue()));
    }

    [Fact]
    public void A_table_that_is_refused_whole_blocks_what_it_was_to_open()
    {
        var gate = new GateDriver();
        gate.Take(new ProxyConnected(0));
        gate.SeeAddresses();
        gate.Judge("backend web/s1", CheckVerdict.Passing);
        gate.Take(new TableApplied(3, ["table: too many listeners"], IsRefusedWhole: true));
        Assert.Equal(VipStatus.Blocked, gate["web"].State.Status);
        Assert.Contains(
            "the proxy refuses its table: table: too many listeners", gate.Engine.View(gate.Now).Alarms);
    }
}

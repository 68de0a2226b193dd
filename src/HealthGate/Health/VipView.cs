namespace AnycastVip.HealthGate.Health;

/// <summary>How a link of the chain from a VIP's health to its announcement stands.</summary>
public enum LinkResult
{
    /// <summary>It holds.</summary>
    Ok,

    /// <summary>It keeps the VIP from being announced, or from being announced as usual.</summary>
    Broken,

    /// <summary>A link before it is broken, so that this one says nothing about the announcement.</summary>
    NotReached,
}

/// <summary>A link's subject, in causal order.</summary>
public enum LinkStep
{
    /// <summary>No drain of the VIP or its node.</summary>
    Drain,

    /// <summary>Its own checks pass.</summary>
    Checks,

    /// <summary>Enough backends are up.</summary>
    Backends,

    /// <summary>Its addresses are on `lo`.</summary>
    Address,

    /// <summary>The proxy accepts on its listeners.</summary>
    Listener,

    /// <summary>A connection through its own addresses reaches this node's proxy.</summary>
    SelfProbe,

    /// <summary>It was healthy for long enough.</summary>
    Damping,

    /// <summary>The speaker takes the route.</summary>
    Speaker,
}

/// <summary>One cause.</summary>
/// <param name="Step">Its subject.</param>
/// <param name="Result">How it stands.</param>
/// <param name="Text">What was found, in one line.</param>
/// <param name="Remedy">What to do about it; empty when nothing is broken.</param>
public sealed record ExplainLink(LinkStep Step, LinkResult Result, string Text, string Remedy);

/// <summary>A VIP in words.</summary>
public static class VipView
{
    /// <summary>The causal chain; each link needs those before it.</summary>
    /// <param name="state">The VIP.</param>
    /// <param name="now">Since the shell's origin.</param>
    public static IReadOnlyList<ExplainLink> Explain(VipGateState state, TimeSpan now)
    {
        var links = new List<ExplainLink>();
        foreach (var (step, isBroken, text) in Findings(state, now))
        {
            var isReached = links.All(link => link.Result == LinkResult.Ok);
            var result = !isReached ? LinkResult.NotReached : isBroken ? LinkResult.Broken : LinkResult.Ok;
            links.Add(new(step, result, text, result == LinkResult.Broken ? Remedy(step) : ""));
        }
        return links;
    }

    /// <summary>The status and the one-line reason for it.</summary>
    internal static (VipStatus Status, string Reason) Describe(VipGateState state, TimeSpan now)
    {
        if (state.Phase != VipPhase.Serving)
            return DescribeDrain(state);
        if (state.Facts.Refusal.Length > 0 && state.IsAnnounced)
            return (VipStatus.Blocked, $"the speaker refuses the route: {state.Facts.Refusal}");
        if (state.IsAnnounced)
            return DescribeAnnounced(state, now);
        if (!state.Health.IsServing)
            return (state.Health.Grade == HealthGrade.Bad ? VipStatus.Down : VipStatus.Unknown, state.Health.Reason);
        if (state.Missing is { } missing)
            return (missing.Proof == Proof.Broken ? VipStatus.Blocked : VipStatus.Starting, missing.Reason);
        return (VipStatus.Damped, $"{state.Health.Reason}; {DampingText(state, now)}");
    }

    internal static string DrainText(string reason) => reason.Length > 0 ? $"drained: {reason}" : "drained";

    private static (VipStatus Status, string Reason) DescribeDrain(VipGateState state)
    {
        var text = state.Phase switch
        {
            VipPhase.Depreferring => "the worse path is on its way to the peers",
            VipPhase.Holding => "peers are given time to choose another path",
            VipPhase.Withdrawing => "the withdraw is on its way to the peers",
            VipPhase.Connections => state.Count is { } count
                ? $"{count.Fed} connections are waited for, {count.Stranded} are stranded"
                : "connections are waited for",
            VipPhase.Listener => "listeners are being closed",
            VipPhase.Address => "addresses are being removed",
            _ => "nothing is left",
        };
        var status = state.Phase == VipPhase.Drained ? VipStatus.Drained : VipStatus.Draining;
        return (status, $"{DrainText(state.DrainReason)}; {text}");
    }

    private static (VipStatus Status, string Reason) DescribeAnnounced(VipGateState state, TimeSpan now)
    {
        var status = state.Announcement == Announcement.Normal ? VipStatus.Up : VipStatus.Standby;
        return state.Announcement == state.Worth
            ? (status, state.Health.Reason)
            : (status, $"{state.Health.Reason}; announced as {state.Announcement}, {DampingText(state, now)}");
    }

    private static string DampingText(VipGateState state, TimeSpan now) => state.DampedUntil > now
        ? $"damped for another {Math.Ceiling((state.DampedUntil.Value - now).TotalSeconds):0} s"
        : "not damped";

    private static IEnumerable<(LinkStep Step, bool IsBroken, string Text)> Findings(VipGateState state, TimeSpan now)
    {
        var (settings, facts) = (state.Settings, state.Facts);
        var (checks, backends) = (VipHealth.OfChecks(facts.Checks), VipHealth.OfPools(settings, facts.Pools));
        yield return (LinkStep.Drain, state.IsDrained, state.IsDrained ? DrainText(state.DrainReason) : "not drained");
        if (facts.Checks.Count > 0 || !settings.HasListeners)
            yield return (LinkStep.Checks, !checks.IsServing || facts.Checks.Count == 0,
                Or(checks.Reason, "no check has reported yet"));
        if (settings.HasListeners)
            yield return (LinkStep.Backends, backends.Grade != HealthGrade.Good || facts.Pools.Count == 0,
                Or(backends.Reason, "no pool has reported yet"));
        yield return (LinkStep.Address, !facts.Address.IsProven, facts.Address.Reason);
        if (settings.HasListeners)
        {
            yield return (LinkStep.Listener, !facts.Listener.IsProven, facts.Listener.Reason);
            yield return (LinkStep.SelfProbe, !facts.SelfProbe.IsProven, facts.SelfProbe.Reason);
        }
        yield return (LinkStep.Damping, state.IsHeldBack, state.IsHeldBack ? DampingText(state, now) : "not held back");
        yield return (LinkStep.Speaker, facts.Refusal.Length > 0, Or(facts.Refusal, "the speaker takes the route"));
    }

    private static string Or(string text, string otherwise) => text.Length > 0 ? text : otherwise;

    private static string Remedy(LinkStep step) => step switch
    {
        LinkStep.Drain => "undrain the VIP or the node when it may serve again",
        LinkStep.Checks => "look at what the check asks: vipctl checks",
        LinkStep.Backends => "look at the backends that are not up: vipctl backends",
        LinkStep.Address => "see that the gate has CAP_NET_ADMIN and that nothing else removes the address",
        LinkStep.Listener => "see that the proxy runs and that no other process has the port",
        LinkStep.SelfProbe => "see what answers on the address instead of the proxy, and the firewall on lo",
        LinkStep.Damping => "wait, or find out why the health changed so soon",
        _ => "allow the prefix in speaker.allowedPrefixes",
    };
}

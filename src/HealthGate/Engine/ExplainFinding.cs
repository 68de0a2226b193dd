namespace AnycastVip.HealthGate.Engine;

/// <summary>What a cause is about, in causal order.</summary>
public enum ExplainStep
{
    /// <summary>The VIP is in the configuration.</summary>
    Configuration,

    /// <summary>No drain of the VIP or its node.</summary>
    Drain,

    /// <summary>The proxy is connected.</summary>
    Proxy,

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

    /// <summary>The speaker is connected, so that the announcements outlive their lease.</summary>
    Lease,

    /// <summary>The speaker takes the route.</summary>
    Speaker,

    /// <summary>Sessions are Established.</summary>
    Peers,

    /// <summary>Every peer has acknowledged what was announced.</summary>
    Delivery,
}

/// <summary>How a cause stands.</summary>
public enum ExplainResult
{
    /// <summary>It holds.</summary>
    Ok,

    /// <summary>It holds, but not fully: one of two peers is down.</summary>
    Degraded,

    /// <summary>It keeps the VIP from being announced, or from being announced as usual.</summary>
    Broken,

    /// <summary>One before it is broken, so that it is not asked.</summary>
    NotReached,
}

/// <summary>One cause why a VIP is announced or not.</summary>
/// <param name="Step">What it is about.</param>
/// <param name="Result">How it stands.</param>
/// <param name="Text">What was found, in one line.</param>
/// <param name="Remedy">What to do about it; empty when it holds or was not asked.</param>
/// <param name="Since">Since when, from the shell's origin; null: not known.</param>
/// <param name="Cause">The event that led to it; 0: none is known.</param>
public sealed record ExplainFinding(
    ExplainStep Step, ExplainResult Result, string Text, string Remedy, TimeSpan? Since = null, ulong Cause = 0);

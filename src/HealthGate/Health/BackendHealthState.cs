namespace AnycastVip.HealthGate.Health;

/// <summary>What a backend is good for.</summary>
public enum BackendState
{
    /// <summary>Not judged yet: gets no connections and counts for no announcement.</summary>
    Unknown,

    /// <summary>Healthy.</summary>
    Up,

    /// <summary>Healthy, and takes no new connections because an operator says so.</summary>
    Drain,

    /// <summary>Unhealthy.</summary>
    Down,
}

/// <summary>A backend between two inputs.</summary>
public sealed record BackendHealthState
{
    /// <summary>What it is good for.</summary>
    public BackendState State { get; init; }

    /// <summary>Why, in one line.</summary>
    public string Reason { get; init; } = "not checked yet";

    /// <summary>When the state was entered, since the shell's origin.</summary>
    public required TimeSpan Since { get; init; }

    /// <summary>
    /// Grows each time it is taken up. The proxy's observations carry the one under which their connection was begun.
    /// </summary>
    public long Generation { get; init; }

    /// <summary>
    /// Grows each time hard evidence overrules the check, and is what <see cref="TargetFailed"/> carries: what the
    /// check said before it heard of it is out of date.
    /// </summary>
    public long Epoch { get; init; }

    /// <summary>What its check said last.</summary>
    public CheckVerdict Verdict { get; init; }

    /// <summary>Why the check said so, or what overruled it.</summary>
    public string Evidence { get; init; } = "not checked yet";

    /// <summary>True while a drain of it is in force.</summary>
    public bool IsDrained { get; init; }

    /// <summary>The operator's reason for it.</summary>
    public string DrainReason { get; init; } = "";
}

/// <summary>What the proxy saw of a backend.</summary>
public enum Observation
{
    /// <summary>It refused a connection, and refused again when verified: nothing listens there.</summary>
    Refused,

    /// <summary>A connection attempt timed out.</summary>
    TimedOut,

    /// <summary>It reset a connection before it sent anything.</summary>
    Reset,
}

/// <summary>What happens to a backend. Backends have no timers: their checks do.</summary>
public abstract record BackendInput;

/// <summary>Its check has a verdict or a new reason for one.</summary>
/// <param name="Verdict">What the check says.</param>
/// <param name="Reason">One line.</param>
/// <param name="Epoch"><see cref="RiseFallState.Epoch"/> of the check.</param>
public sealed record CheckReported(CheckVerdict Verdict, string Reason, long Epoch) : BackendInput;

/// <summary>The proxy saw it fail.</summary>
/// <param name="What">What it saw.</param>
/// <param name="Generation">Under which the connection was begun.</param>
public sealed record Observed(Observation What, long Generation) : BackendInput;

/// <summary>An operator takes it out of service, or takes the order back.</summary>
/// <param name="IsDrained">True: out of service.</param>
/// <param name="Reason">The operator's; may be empty.</param>
public sealed record BackendDrainOrdered(bool IsDrained, string Reason) : BackendInput;

/// <summary>What a backend wants done.</summary>
public abstract record BackendAction;

/// <summary>Tell its check with <see cref="TargetFailed"/>: it has to rise again.</summary>
public sealed record FailCheck(long Epoch, string Reason) : BackendAction;

/// <summary>Tell its check with <see cref="ProbeSooner"/>.</summary>
public sealed record HurryCheck : BackendAction;

/// <summary>It is good for something else: tell the proxy and the VIPs.</summary>
public sealed record BackendChanged(BackendState From, BackendState To, string Reason) : BackendAction;

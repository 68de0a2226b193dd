namespace AnycastVip.HealthGate.Health;

/// <summary>How many backends of each pool must be up. The greater of both counts, and always at least one.</summary>
/// <param name="Count">Backends, from 0.</param>
/// <param name="Percent">Of the pool's backends, rounded up, 0-100.</param>
public sealed record MinHealthy(int Count, int Percent)
{
    /// <summary>What it means for a pool of this size.</summary>
    public int Wanted(int total) => Math.Max(1, Math.Max(Count, ((total * Percent) + 99) / 100));
}

/// <summary>How a drain goes, and within which bounds.</summary>
public sealed record VipDrainSettings
{
    /// <summary>
    /// Whether the path is made worse (GRACEFUL_SHUTDOWN, RFC 8326) before it is withdrawn, so that other routers and
    /// sites have chosen another one first.
    /// </summary>
    public bool Depreferences { get; init; } = true;

    /// <summary>
    /// From the peers' acknowledgement of the worse path to the withdraw, and as long again from that of the withdraw
    /// until connections are counted: routers need their time to follow.
    /// </summary>
    public TimeSpan HoldBeforeWithdraw { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an acknowledgement is waited for: a dead peer must not stop a drain.</summary>
    public TimeSpan AcknowledgeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// From when the routers have followed the withdraw; connections whose client sent nothing in this time are
    /// stranded and closed.
    /// </summary>
    public TimeSpan StrandedAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>From the withdraw on; connections that are still fed then are closed.</summary>
    public TimeSpan ConnectionTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a listener's closing, and an address's removal, is waited for.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long all steps together may take, but for the wait for connections.</summary>
    /// <param name="hasListeners">The VIP has a listener to close.</param>
    public TimeSpan BoundWithoutConnections(bool hasListeners)
    {
        var bound = AcknowledgeTimeout + StepTimeout;
        if (Depreferences)
            bound += AcknowledgeTimeout + HoldBeforeWithdraw;
        return hasListeners ? bound + StepTimeout : bound;
    }
}

/// <summary>What one VIP needs, and how it goes up and down.</summary>
public sealed record VipSettings
{
    /// <summary>The name in the configuration.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// False for an announce-only VIP: another daemon of the node serves it, so there is neither a listener nor a
    /// self-probe of ours, and its health comes from checks.
    /// </summary>
    public bool HasListeners { get; init; } = true;

    /// <summary>Judged for each pool by itself: clients of one port are not helped by the pool of another.</summary>
    public MinHealthy MinHealthy { get; init; } = new(1, 0);

    /// <summary>
    /// Below this share of a pool's backends up, in percent, the worse MED is announced; null: never.
    /// </summary>
    public int? StandbyBelowPercent { get; init; }

    /// <summary>
    /// The dwell of damping: no announcement and no change of one sooner after the last change, and after a withdraw
    /// not before the VIP was healthy for so long. A withdraw is never held back.
    /// </summary>
    public TimeSpan ReadvertiseDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How a drain goes.</summary>
    public VipDrainSettings Drain { get; init; } = new();
}

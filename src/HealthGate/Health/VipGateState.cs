namespace AnycastVip.HealthGate.Health;

/// <summary>What the speaker is asked for; behind <see cref="None"/> in the order of the path's worth.</summary>
public enum Announcement
{
    /// <summary>The speaker holds what it has until the lease ends.</summary>
    Unknown,

    /// <summary>Withdrawn.</summary>
    None,

    /// <summary>Announced with GRACEFUL_SHUTDOWN (RFC 8326): a drain has begun.</summary>
    Draining,

    /// <summary>Announced with the worse MED.</summary>
    Standby,

    /// <summary>Announced.</summary>
    Normal,
}

/// <summary>How far a VIP is on its way down; in the order of a drain.</summary>
public enum VipPhase
{
    /// <summary>No drain: the VIP goes up, or stays up, as far as it can.</summary>
    Serving,

    /// <summary>The worse path is on its way to the peers.</summary>
    Depreferring,

    /// <summary>The peers have the worse path and are given time to choose another one.</summary>
    Holding,

    /// <summary>The withdraw is on its way to the peers.</summary>
    Withdrawing,

    /// <summary>Connections that are still fed are waited for.</summary>
    Connections,

    /// <summary>Listeners are being closed.</summary>
    Listener,

    /// <summary>Addresses are being removed.</summary>
    Address,

    /// <summary>Nothing is left.</summary>
    Drained,
}

/// <summary>A VIP's state as operators see it.</summary>
public enum VipStatus
{
    /// <summary>Health is not known yet.</summary>
    Unknown,

    /// <summary>Not healthy enough; withdrawn.</summary>
    Down,

    /// <summary>Healthy; address, listener and self-probe are being put in order.</summary>
    Starting,

    /// <summary>Announced.</summary>
    Up,

    /// <summary>Announced with the worse MED.</summary>
    Standby,

    /// <summary>Healthy, and kept back by damping.</summary>
    Damped,

    /// <summary>A drain is in progress.</summary>
    Draining,

    /// <summary>Withdrawn by a drain.</summary>
    Drained,

    /// <summary>Healthy, and cannot be announced: address, listener, self-probe or the speaker is against it.</summary>
    Blocked,
}

/// <summary>One VIP between two inputs. Times are since the shell's origin, timers are deadlines.</summary>
public sealed record VipGateState
{
    /// <summary>What the VIP needs.</summary>
    public required VipSettings Settings { get; init; }

    /// <summary>What is known of its surroundings.</summary>
    public VipFacts Facts { get; init; } = new();

    /// <summary>How healthy that makes it.</summary>
    public required VipHealth Health { get; init; }

    /// <summary>What the speaker was asked for last.</summary>
    public Announcement Announcement { get; init; }

    /// <summary>True while a drain of the VIP or its node is in force.</summary>
    public bool IsDrained { get; init; }

    /// <summary>The operator's reason for it.</summary>
    public string DrainReason { get; init; } = "";

    /// <summary>What the order says instead of the settings; null: nothing.</summary>
    public TimeSpan? ConnectionTimeout { get; init; }

    /// <summary>How far the drain is.</summary>
    public VipPhase Phase { get; init; }

    /// <summary>When the phase was entered.</summary>
    public required TimeSpan PhaseSince { get; init; }

    /// <summary>When the phase ends by itself at the latest; null: it does not.</summary>
    public TimeSpan? PhaseEndsAt { get; init; }

    /// <summary>When stranded connections are closed; null: no connections are waited for, or it is done.</summary>
    public TimeSpan? StrandedAt { get; init; }

    /// <summary>When those that are left begin to be closed; null: none are waited for, or it is done.</summary>
    public TimeSpan? ClosingAt { get; init; }

    /// <summary>The last count of this drain's connections; null: none yet.</summary>
    public ConnectionsCounted? Count { get; init; }

    /// <summary>The address was ordered onto `lo` and not off it since.</summary>
    public bool WantsAddress { get; init; }

    /// <summary>The listeners were ordered open and not closed since.</summary>
    public bool WantsListener { get; init; }

    /// <summary>The self-probe was ordered to run and not to stop since.</summary>
    public bool WantsSelfProbe { get; init; }

    /// <summary>
    /// The last time that a path which routers may have used got better, worse, or went; null: none did.
    /// </summary>
    public TimeSpan? LastTransition { get; init; }

    /// <summary>The last withdraw was for a fault, so that damping asks for lasting health.</summary>
    public bool IsWithdrawnForFault { get; init; }

    /// <summary>Since when it is healthy and proven; null: it is not.</summary>
    public TimeSpan? ReadySince { get; init; }

    /// <summary>As operators see it.</summary>
    public VipStatus Status { get; init; }

    /// <summary>Why, in one line.</summary>
    public string Reason { get; init; } = "the gate has just started";

    /// <summary>Since when it has its status.</summary>
    public required TimeSpan Since { get; init; }

    /// <summary>True while a path is announced, of whatever quality.</summary>
    public bool IsAnnounced => Announcement > Announcement.None;

    /// <summary>What health allows: the announcement that the VIP is worth.</summary>
    public Announcement Worth =>
        Health.Grade == HealthGrade.Reduced ? Announcement.Standby : Announcement.Normal;

    /// <summary>When damping lets the announcement get better; null: at any time.</summary>
    public TimeSpan? DampedUntil
    {
        get
        {
            var from = IsWithdrawnForFault && ReadySince > LastTransition ? ReadySince : LastTransition;
            return from + Settings.ReadvertiseDelay;
        }
    }

    /// <summary>The first proof that an announcement lacks, in the order in which they are made; null: none.</summary>
    public Finding? Missing =>
        !Facts.Address.IsProven ? Facts.Address
        : !Settings.HasListeners ? null
        : !Facts.Listener.IsProven ? Facts.Listener
        : !Facts.SelfProbe.IsProven ? Facts.SelfProbe
        : null;

    /// <summary>When <see cref="VipTimersDue"/> is owed; null: never.</summary>
    public TimeSpan? NextDeadline =>
        Deadline.Earliest(
            Deadline.Earliest(Deadline.Earliest(PhaseEndsAt, StrandedAt), ClosingAt), IsHeldBack ? DampedUntil : null);

    /// <summary>Nothing but damping keeps the announcement from what the VIP is worth.</summary>
    internal bool IsHeldBack => Phase == VipPhase.Serving && ReadySince is not null && Announcement != Worth;
}

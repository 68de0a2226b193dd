using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>A check that was ordered, and what it said.</summary>
internal sealed class CheckUnit(StartCheck order, TimeSpan startedAt, BackendUnit? backend, VipUnit? vip)
{
    public StartCheck Order { get; set; } = order;

    public CheckId Id => Order.Id;

    public TimeSpan StartedAt { get; set; } = startedAt;

    /// <summary>What it is the check of, when that is a backend.</summary>
    public BackendUnit? Backend { get; } = backend;

    /// <summary>What it is the check of, when that is a VIP.</summary>
    public VipUnit? Vip { get; } = vip;

    public bool IsSelfProbe => Id.Check == CheckId.SelfProbe;

    /// <summary>Its last report; null: none since it was started.</summary>
    public RiseFallState? State { get; set; }

    /// <summary>Its last report with a verdict, which outlives a restart by a reload.</summary>
    public RiseFallState? Judged { get; set; }

    /// <summary>One that a reload added counts for its VIP once it was judged.</summary>
    public bool IsCounted { get; set; } = true;
}

using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.Proto.V1;
using BackendState = AnycastVip.HealthGate.Health.BackendState;

namespace AnycastVip.HealthGate.Api;

/// <summary>How far a drain or an undrain is, read from the machines' states.</summary>
internal static class DrainPhases
{
    /// <summary>The drain of a VIP.</summary>
    public static DrainPhase Of(VipStanding vip) => vip.State.Phase switch
    {
        VipPhase.Serving => DrainPhase.Ordered,
        VipPhase.Depreferring or VipPhase.Holding => DrainPhase.Depreferred,
        VipPhase.Withdrawing => DrainPhase.Withdrawing,
        VipPhase.Connections => DrainPhase.Connections,
        VipPhase.Listener => DrainPhase.Listeners,
        VipPhase.Address => DrainPhase.Addresses,
        _ => DrainPhase.Done,
    };

    /// <summary>The drain of a backend.</summary>
    public static DrainPhase Of(BackendStanding backend) =>
        !backend.State.IsDrained ? DrainPhase.Ordered
        : backend.DrainConnections is { IsExact: true, Fed: 0, Stranded: 0 } ? DrainPhase.Done
        : DrainPhase.Connections;

    /// <summary>
    /// The undrain of a VIP: what is still unknown, being put in order or damped is waited for, since it ends by
    /// itself.
    /// </summary>
    public static DrainPhase OfUndrain(VipStanding vip) => vip.State switch
    {
        { IsDrained: true } => DrainPhase.Blocked,
        // Before the announcement: what the speaker refuses is declared all the same.
        { Status: VipStatus.Down or VipStatus.Blocked } => DrainPhase.Blocked,
        { IsAnnounced: true } => vip.IsDelivered ? DrainPhase.Done : DrainPhase.Announcing,
        _ => DrainPhase.Proving,
    };

    /// <summary>The undrain of a backend.</summary>
    public static DrainPhase OfUndrain(BackendStanding backend) => backend.State.State switch
    {
        _ when backend.State.IsDrained => DrainPhase.Blocked,
        BackendState.Up => DrainPhase.Done,
        BackendState.Down => DrainPhase.Blocked,
        _ => DrainPhase.Proving,
    };

    /// <summary>Of several: the one that is furthest from its end; what is blocked waits for all others.</summary>
    public static DrainPhase Together(IEnumerable<DrainPhase> phases)
    {
        var open = phases.Where(phase => phase != DrainPhase.Done).ToList();
        return open.Count == 0 ? DrainPhase.Done
            : open.All(phase => phase == DrainPhase.Blocked) ? DrainPhase.Blocked
            : open.Where(phase => phase != DrainPhase.Blocked).Min();
    }

    /// <summary>Nothing more will happen by itself.</summary>
    public static bool IsEnd(DrainPhase phase) => phase is DrainPhase.Done or DrainPhase.Blocked;
}

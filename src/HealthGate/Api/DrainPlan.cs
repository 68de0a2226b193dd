using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Api;

/// <summary>What a drain or an undrain would do, for a dry run.</summary>
internal static class DrainPlan
{
    /// <summary>The steps of a drain in their order, with their bounds.</summary>
    public static IEnumerable<string> OfDrain(DrainTarget target, TimeSpan? connectionTimeout, GateView view)
    {
        foreach (var vip in DrainMapping.VipsOf(target, view))
        {
            foreach (var step in OfVip(vip, connectionTimeout))
                yield return $"vip {vip.Options.Settings.Name}: {step}";
        }
        foreach (var backend in DrainMapping.BackendsOf(target, view))
        {
            var name = $"backend {backend.Pool}/{backend.Options.Name}";
            yield return $"{name}: the proxy gives it no new connections";
            yield return connectionTimeout is { } bound
                ? $"{name}: wait for its connections to end, at most {Seconds(bound)}; then close them"
                : $"{name}: wait for its connections to end";
            foreach (var line in Consequences(backend, view))
                yield return line;
        }
    }

    /// <summary>The steps of an undrain.</summary>
    public static IEnumerable<string> OfUndrain(DrainTarget target, GateView view)
    {
        foreach (var vip in DrainMapping.VipsOf(target, view))
        {
            var name = $"vip {vip.Options.Settings.Name}";
            var others = view.Drains.Undrain(target);
            if (others.Covering(new DrainTarget.Vip(vip.Options.Settings.Name)) is { } other)
                yield return $"{name}: stays drained, for the drain of {other.Target} is in force";
            else
                yield return $"{name}: address, listener, self-probe, then announce {Joined(vip)}"
                    + (vip.State.Health.IsServing ? "" : $"; waits for its health: {vip.State.Health.Reason}");
        }
        foreach (var backend in DrainMapping.BackendsOf(target, view))
            yield return $"backend {backend.Pool}/{backend.Options.Name}: gets new connections as soon as it is up";
    }

    private static IEnumerable<string> OfVip(VipStanding vip, TimeSpan? connectionTimeout)
    {
        var drain = vip.Options.Settings.Drain;
        if (drain.Depreferences && vip.State.IsAnnounced)
        {
            yield return $"announce {Joined(vip)} as a worse path, wait for the peers' acknowledgement, "
                + $"at most {Seconds(drain.AcknowledgeTimeout)}";
            yield return $"hold it for {Seconds(drain.HoldBeforeWithdraw)}";
        }
        if (vip.State.IsAnnounced)
            yield return $"withdraw, wait for the peers' acknowledgement, at most {Seconds(drain.AcknowledgeTimeout)}";
        if (vip.Options.Listeners.Count > 0)
        {
            yield return $"close connections whose clients were moved away, after {Seconds(drain.StrandedAfter)}";
            yield return "wait for connections that are still fed, at most "
                + $"{Seconds(connectionTimeout ?? drain.ConnectionTimeout)}; then close them";
            yield return "close the listeners";
        }
        yield return $"remove {string.Join(", ", vip.Options.Addresses)} from lo";
    }

    // A drained backend is one fewer that is up: the operator should know before, not after.
    private static IEnumerable<string> Consequences(BackendStanding backend, GateView view) =>
        from vip in view.Vips
        from pool in vip.State.Facts.Pools
        let settings = vip.Options.Settings
        where pool.Name == backend.Pool && backend.State.State == BackendState.Up && vip.State.IsAnnounced
            && pool.Up - 1 < settings.MinHealthy.Wanted(pool.Total)
        select $"vip {settings.Name}: is withdrawn, because only {pool.Up - 1} of {pool.Total} backends would be up "
            + $"and {settings.MinHealthy.Wanted(pool.Total)} are wanted";

    private static string Joined(VipStanding vip) => string.Join(", ", vip.Options.Prefixes);

    private static string Seconds(TimeSpan span) => $"{span.TotalSeconds:0.###} s";
}

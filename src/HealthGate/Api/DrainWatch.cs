using AnycastVip.HealthGate.Engine;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Api;

/// <summary>One drain or undrain as its caller sees it: turns views into progress.</summary>
internal sealed class DrainWatch(DrainTarget target, bool isUndrain)
{
    /// <summary>The order was taken back, or given again: what is watched will not come to its end.</summary>
    public bool IsOvertaken(GateView view) => (view.Drains.Find(target) is null) != isUndrain;

    /// <summary>How far it is.</summary>
    public DrainProgress Progress(GateView view, WallTime wall)
    {
        var steps = Steps(view).ToList();
        var phase = DrainPhases.Together(steps.Select(step => step.Phase));
        var current = steps.Where(step => step.Phase == phase).ToList();
        var message = new DrainProgress
        {
            Phase = phase,
            PhaseSince = wall.At(current.Count > 0 ? current.Max(step => step.Since) : view.Now),
            PhaseEndsAt = DrainPhases.IsEnd(phase) ? null : wall.At(current.Max(step => step.EndsAt)),
            Text = Text(steps, current),
            PersistError = view.DrainPersistError ?? "",
        };
        if (!isUndrain)
            message.Connections = Connections(view, wall);
        if (phase is DrainPhase.Depreferred or DrainPhase.Withdrawing or DrainPhase.Announcing)
            message.Peers.Add(view.Peers.Select(ToProto));
        message.Vips.Add(DrainMapping.VipsOf(target, view).Select(vip => new DrainVip
        {
            Vip = vip.Options.Settings.Name,
            State = VipMapping.ToProto(vip.State.Status),
            Reason = vip.State.Reason,
        }));
        return message;
    }

    private IEnumerable<Step> Steps(GateView view)
    {
        foreach (var vip in DrainMapping.VipsOf(target, view))
        {
            var (name, state) = (vip.Options.Settings.Name, vip.State);
            yield return isUndrain
                ? new(name, DrainPhases.OfUndrain(vip), state.Since, state.DampedUntil, state.Reason)
                : new(name, DrainPhases.Of(vip), state.PhaseSince, state.PhaseEndsAt, state.Reason);
        }
        foreach (var backend in DrainMapping.BackendsOf(target, view))
            yield return new(
                $"{backend.Pool}/{backend.Options.Name}",
                isUndrain ? DrainPhases.OfUndrain(backend) : DrainPhases.Of(backend),
                backend.State.Since,
                null,
                backend.State.Reason);
    }

    private static string Text(List<Step> steps, List<Step> current) => (steps.Count, current.Count) switch
    {
        (0, _) => "there is nothing to do",
        (1, _) => steps[0].Reason,
        (_, 0) => $"all {steps.Count} VIPs",
        _ => $"{current.Count} of {steps.Count} VIPs; {current[0].Name}: {current[0].Reason}",
    };

    private DrainConnections Connections(GateView view, WallTime wall)
    {
        var counted = DrainMapping.VipsOf(target, view).Where(vip => vip.Options.Listeners.Count > 0)
            .Select(vip => vip.Connections)
            .Concat(DrainMapping.BackendsOf(target, view).Select(backend => backend.DrainConnections))
            .ToList();
        var counts = counted.OfType<DrainConnectionsStanding>().ToList();
        return new()
        {
            // A zero that nobody counted must not look like one.
            Exact = counted.All(count => count is { IsExact: true }),
            CountedAt = counts.Count > 0 ? wall.At(counts.Min(count => count.CountedAt)) : null,
            NewTotal = Sum(count => count.NewTotal),
            NewLastSecond = Sum(count => count.NewLastSecond),
            Fed = (uint)counts.Sum(count => count.Fed),
            Stranded = (uint)counts.Sum(count => count.Stranded),
            ClosedFed = Sum(count => count.ClosedFed),
            ClosedStranded = Sum(count => count.ClosedStranded),
        };

        ulong Sum(Func<DrainConnectionsStanding, ulong> field) =>
            counts.Aggregate(0UL, (sum, count) => sum + field(count));
    }

    private static DrainPeer ToProto(PeerDelivered peer) => new()
    {
        Peer = peer.Peer,
        Established = peer.IsEstablished,
        WrittenAt = ToProto(peer.WrittenAt),
        AcknowledgedAt = ToProto(peer.AcknowledgedAt),
    };

    private static Timestamp? ToProto(DateTimeOffset? time) =>
        time is { } known ? Timestamp.FromDateTimeOffset(known) : null;

    private sealed record Step(string Name, DrainPhase Phase, TimeSpan Since, TimeSpan? EndsAt, string Reason);
}

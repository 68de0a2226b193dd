using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
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
        message.Vips.Add(VipsOf(view).Select(vip => new DrainVip
        {
            Vip = vip.Options.Settings.Name,
            State = VipMapping.ToProto(vip.State.Status),
            Reason = vip.State.Reason,
        }));
        return message;
    }

    private IEnumerable<Step> Steps(GateView view) => isUndrain
        ? VipsOf(view).Select(vip => OfUndrain(vip, view)).Concat(BackendsOf(view).Select(OfUndrain))
        : VipsOf(view).Select(OfDrain).Concat(BackendsOf(view).Select(OfDrain));

    // What a reload sends away does not serve again, whatever the operator takes back.
    private IEnumerable<VipStanding> VipsOf(GateView view) =>
        DrainMapping.VipsOf(target, view).Where(vip => !isUndrain || !vip.IsLeaving);

    private IEnumerable<BackendStanding> BackendsOf(GateView view) => DrainMapping.BackendsOf(target, view);

    private static Step OfDrain(VipStanding vip) => new(
        vip.Options.Settings.Name, DrainPhases.Of(vip), vip.State.PhaseSince, vip.State.PhaseEndsAt, vip.State.Reason);

    private static Step OfDrain(BackendStanding backend)
    {
        var text = backend.DrainConnections switch
        {
            { IsExact: true, Fed: 0, Stranded: 0 } => "no connection is left",
            { IsExact: true } left => $"{left.Fed + left.Stranded} connections are waited for",
            _ => "connections are waited for",
        };
        return new(
            NameOf(backend), DrainPhases.Of(backend), backend.DrainedSince ?? backend.State.Since,
            backend.ConnectionsEndAt, $"{backend.State.Reason}; {text}");
    }

    private static Step OfUndrain(VipStanding vip, GateView view)
    {
        var (name, state) = (vip.Options.Settings.Name, vip.State);
        var endsAt = state.Status == VipStatus.Damped ? state.DampedUntil : null;
        var text = view.Drains.Covering(new DrainTarget.Vip(name)) is { } other
            ? $"it stays drained: the drain of {other.Target} is in force"
            : state.Reason;
        return new(name, DrainPhases.OfUndrain(vip), state.Since, endsAt, text);
    }

    private static Step OfUndrain(BackendStanding backend) => new(
        NameOf(backend), DrainPhases.OfUndrain(backend), backend.State.Since, EndsAt: null, backend.State.Reason);

    private static string NameOf(BackendStanding backend) => $"{backend.Pool}/{backend.Options.Name}";

    private static string Text(List<Step> steps, List<Step> current) => steps.Count switch
    {
        0 => "there is nothing to do",
        1 => steps[0].Text,
        _ => $"{current.Count} of {steps.Count} VIPs; {current[0].Name}: {current[0].Text}",
    };

    private DrainConnections? Connections(GateView view, WallTime wall)
    {
        var counted = VipsOf(view).Where(vip => vip.Options.Listeners.Count > 0)
            .Select(vip => vip.Connections)
            .Concat(BackendsOf(view).Select(backend => backend.DrainConnections))
            .ToList();
        // Another daemon's connections are counted by nobody.
        if (counted.Count == 0)
            return null;
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

    private sealed record Step(string Name, DrainPhase Phase, TimeSpan Since, TimeSpan? EndsAt, string Text);
}

using System.Text;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Grpc.Core;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Api;

/// <summary>One call that drains or undrains: gives the order, and tells how far it is until it is done.</summary>
internal sealed class DrainCall(Gate gate, TimeProvider clock, IServerStreamWriter<DrainProgress> responses)
{
    // RFC 9003: what a Cease can carry, which is where a reason may end.
    private const int MaximumReasonOctets = 255;

    private static readonly TimeSpan LongestTimeout = TimeSpan.FromHours(24);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    // With the interval before it, at least one answer a second.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(900);

    // What was just undrained may look broken until it was looked at again.
    private static readonly TimeSpan BlockedBound = TimeSpan.FromSeconds(3);

    /// <summary>Serves Drain.</summary>
    /// <exception cref="RpcException">As the method's comment in gate.proto says.</exception>
    public async Task DrainAsync(DrainRequest request, ServerCallContext context)
    {
        var view = gate.View();
        var target = DrainMapping.FromProto(request.Target);
        DrainMapping.Require(target, view);
        if (Encoding.UTF8.GetByteCount(request.Reason) > MaximumReasonOctets)
            throw Invalid($"reason must be at most {MaximumReasonOctets} octets of UTF-8 (RFC 9003)");
        var timeout = DurationField.FromProto(request.ConnectionTimeout, "connection_timeout");
        if (timeout < TimeSpan.Zero || timeout > LongestTimeout)
            throw Invalid("connection_timeout must be 0s to 24h");
        if (request.DryRun)
        {
            await WritePlanAsync(DrainPlan.OfDrain(target, timeout, view), context);
            return;
        }
        var by = request.OrderedBy.Length > 0 ? request.OrderedBy : PeerCredentials.UserOf(context);
        await gate.DrainAsync(new DrainOrder(target, request.Reason, by, clock.GetUtcNow(), timeout));
        await FollowUnlessStoppedAsync(target, isUndrain: false, context.CancellationToken);
    }

    /// <summary>Serves Undrain.</summary>
    /// <exception cref="RpcException">As the method's comment in gate.proto says.</exception>
    public async Task UndrainAsync(UndrainRequest request, ServerCallContext context)
    {
        var view = gate.View();
        var target = DrainMapping.FromProto(request.Target);
        if (view.Drains.Find(target) is null)
        {
            DrainMapping.Require(target, view);
            var done = new DrainProgress { Phase = DrainPhase.Done, Text = $"{target} is not drained" };
            await responses.WriteAsync(done, context.CancellationToken);
            return;
        }
        // In force, even if a reload has taken the target away since.
        if (request.DryRun)
        {
            await WritePlanAsync(DrainPlan.OfUndrain(target, view), context);
            return;
        }
        var by = request.OrderedBy.Length > 0 ? request.OrderedBy : PeerCredentials.UserOf(context);
        await gate.UndrainAsync(target, by);
        await FollowUnlessStoppedAsync(target, isUndrain: true, context.CancellationToken);
    }

    // The server's stop follows the gate's, and cancels this call.
    private async Task FollowUnlessStoppedAsync(DrainTarget target, bool isUndrain, CancellationToken cancel)
    {
        try
        {
            await FollowAsync(target, isUndrain, cancel);
        }
        catch (OperationCanceledException) when (gate.Completion.IsCompleted)
        {
            throw Aborted($"the gate stopped before the end; {target} stays {(isUndrain ? "undrained" : "drained")}");
        }
    }

    private async Task FollowAsync(DrainTarget target, bool isUndrain, CancellationToken cancel)
    {
        var watch = new DrainWatch(target, isUndrain);
        var blockedSince = (long?)null;
        while (true)
        {
            var version = gate.Version;
            var view = gate.View();
            if (watch.IsOvertaken(view))
                throw Aborted($"{target} was {(isUndrain ? "drained again" : "undrained")} before the end");
            var progress = watch.Progress(view, new WallTime(clock));
            blockedSince = progress.Phase == DrainPhase.Blocked ? blockedSince ?? clock.GetTimestamp() : null;
            var isBlocked = blockedSince is { } since && clock.GetElapsedTime(since) >= BlockedBound;
            // Nothing that is still looked at is told as the end.
            if (progress.Phase == DrainPhase.Blocked && !isBlocked)
                progress.Phase = DrainPhase.Proving;
            await responses.WriteAsync(progress, cancel);
            if (DrainPhases.IsEnd(progress.Phase))
                return;
            await Task.Delay(Interval, clock, cancel);
            await Task.WhenAny(gate.ChangedAfter(version), Task.Delay(Heartbeat, clock, cancel));
        }
    }

    private Task WritePlanAsync(IEnumerable<string> steps, ServerCallContext context)
    {
        var progress = new DrainProgress { Text = "dry run: nothing was changed" };
        progress.Plan.Add(steps);
        return responses.WriteAsync(progress, context.CancellationToken);
    }

    private static RpcException Aborted(string text) => new(new Status(StatusCode.Aborted, text));

    private static RpcException Invalid(string text) => new(new Status(StatusCode.InvalidArgument, text));
}

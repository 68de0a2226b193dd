using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Api;

/// <summary>Drain orders ⇄ the API's messages.</summary>
internal static class DrainMapping
{
    /// <summary>What the client wants drained or undrained.</summary>
    /// <exception cref="RpcException">No target, or one that is not supported or does not exist.</exception>
    public static DrainTarget FromProto(Proto.V1.DrainTarget? message, GateView view)
    {
        switch (message?.TargetCase)
        {
            case Proto.V1.DrainTarget.TargetOneofCase.Node:
                return new DrainTarget.Node();
            case Proto.V1.DrainTarget.TargetOneofCase.Vip:
                Require(view.Options.Vips.Select(vip => vip.Settings.Name), message.Vip, "VIP");
                return new DrainTarget.Vip(message.Vip);
            case Proto.V1.DrainTarget.TargetOneofCase.Backend:
                var (pool, name) = (message.Backend.Pool, message.Backend.Backend);
                Require(view.Options.Pools.Select(each => each.Name), pool, "pool");
                Require(
                    view.Options.Pools.Single(each => each.Name == pool).Backends.Select(each => each.Name), name,
                    $"backend of pool {pool}");
                return new DrainTarget.Backend(pool, name);
            case Proto.V1.DrainTarget.TargetOneofCase.Peer:
                throw new RpcException(new Status(
                    StatusCode.Unimplemented,
                    "draining a single peer is not supported yet; vipctl peers shutdown NAME closes its session"));
            default:
                throw new RpcException(new Status(
                    StatusCode.InvalidArgument, "target is not set: name the node, a VIP or a backend"));
        }
    }

    /// <summary>An order in force.</summary>
    public static ActiveDrain ToProto(DrainOrder order, GateView view) => new()
    {
        Target = ToProto(order.Target),
        Reason = order.Reason,
        OrderedBy = order.OrderedBy,
        OrderedAt = Timestamp.FromDateTimeOffset(order.OrderedAt),
        Phase = DrainPhases.Together(order.Target switch
        {
            DrainTarget.Backend => BackendsOf(order.Target, view).Select(DrainPhases.Of),
            _ => VipsOf(order.Target, view).Select(DrainPhases.Of),
        }),
        PersistError = view.DrainPersistError ?? "",
    };

    /// <summary>The VIPs that a target covers.</summary>
    public static IEnumerable<VipStanding> VipsOf(DrainTarget target, GateView view) => target switch
    {
        DrainTarget.Node => view.Vips,
        DrainTarget.Vip named => view.Vips.Where(vip => vip.Options.Settings.Name == named.Name && !vip.IsLeaving),
        _ => [],
    };

    /// <summary>The backend that a target is.</summary>
    public static IEnumerable<BackendStanding> BackendsOf(DrainTarget target, GateView view) =>
        target is DrainTarget.Backend named
            ? view.Backends.Where(backend => backend.Pool == named.Pool && backend.Options.Name == named.Name)
            : [];

    private static Proto.V1.DrainTarget ToProto(DrainTarget target) => target switch
    {
        DrainTarget.Vip vip => new() { Vip = vip.Name },
        DrainTarget.Backend backend => new() { Backend = new() { Pool = backend.Pool, Backend = backend.Name } },
        DrainTarget.Peer peer => new() { Peer = peer.Name },
        _ => new() { Node = new() },
    };

    private static void Require(IEnumerable<string> names, string name, string what)
    {
        var known = names.ToList();
        if (!known.Contains(name))
            throw new RpcException(new Status(
                StatusCode.NotFound, $"no {what} \"{name}\"; there are: {string.Join(", ", known)}"));
    }
}

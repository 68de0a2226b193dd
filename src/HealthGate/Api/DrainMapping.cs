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
    /// <summary>What the client wants drained or undrained; whether it exists is not asked.</summary>
    /// <exception cref="RpcException">No target, or one that is not supported.</exception>
    public static DrainTarget FromProto(Proto.V1.DrainTarget? message) => message?.TargetCase switch
    {
        Proto.V1.DrainTarget.TargetOneofCase.Node => new DrainTarget.Node(),
        Proto.V1.DrainTarget.TargetOneofCase.Vip => new DrainTarget.Vip(message.Vip),
        Proto.V1.DrainTarget.TargetOneofCase.Backend =>
            new DrainTarget.Backend(message.Backend.Pool, message.Backend.Backend),
        Proto.V1.DrainTarget.TargetOneofCase.Peer => throw new RpcException(new Status(
            StatusCode.Unimplemented,
            "draining a single peer is not supported yet; vipctl peers shutdown NAME closes its session")),
        _ => throw new RpcException(new Status(
            StatusCode.InvalidArgument, "target is not set: name the node, a VIP or a backend")),
    };

    /// <summary>Sees that the configuration has the target.</summary>
    /// <exception cref="RpcException">It has not.</exception>
    public static void Require(DrainTarget target, GateView view)
    {
        switch (target)
        {
            case DrainTarget.Vip vip:
                Require(view.Options.Vips.Select(each => each.Settings.Name), vip.Name, "VIP");
                break;
            case DrainTarget.Backend backend:
                Require(view.Options.Pools.Select(each => each.Name), backend.Pool, "pool");
                Require(
                    view.Options.Pools.Single(each => each.Name == backend.Pool).Backends.Select(each => each.Name),
                    backend.Name, $"backend of pool {backend.Pool}");
                break;
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
        PersistError = order.OrderedBy == DrainOrder.ByItself ? order.Reason : view.DrainPersistError ?? "",
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

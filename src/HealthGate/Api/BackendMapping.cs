using AnycastVip.HealthGate.Engine;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using DrainTarget = AnycastVip.HealthGate.Drain.DrainTarget;

namespace AnycastVip.HealthGate.Api;

/// <summary>A backend's standing as the API's message.</summary>
internal static class BackendMapping
{
    /// <summary>Writes a message.</summary>
    public static Backend ToProto(BackendStanding backend, GateView view, WallTime wall)
    {
        var target = new DrainTarget.Backend(backend.Pool, backend.Options.Name);
        return new()
        {
            Pool = backend.Pool,
            Name = backend.Options.Name,
            Address = backend.Options.Endpoint.Address.ToString(),
            Port = (uint)backend.Options.Endpoint.Port,
            Weight = (uint)backend.Options.Weight,
            State = ToProto(backend),
            Reason = backend.State.Reason,
            StateSince = wall.At(backend.State.Since),
            CauseEventId = backend.Cause,
            Generation = backend.Generation,
            Connections = (uint)(backend.Report?.Connections ?? 0),
            Drain = view.Drains.Find(target) is { } order ? DrainMapping.ToProto(order, view) : null,
            ConnectLatencyP50 = backend.Report?.ConnectLatencyP50?.ToDuration(),
            ConnectLatencyP99 = backend.Report?.ConnectLatencyP99?.ToDuration(),
        };
    }

    private static BackendState ToProto(BackendStanding backend) => backend.State.State switch
    {
        Health.BackendState.Unknown => BackendState.Unknown,
        Health.BackendState.Up => BackendState.Up,
        Health.BackendState.Down => BackendState.Down,
        _ => DrainPhases.Of(backend) == DrainPhase.Done ? BackendState.Drained : BackendState.Draining,
    };
}

using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;

namespace AnycastVip.HealthGate.Api;

/// <summary>A VIP's standing as the API's message.</summary>
internal static class VipMapping
{
    /// <summary>Writes a message.</summary>
    public static Vip ToProto(VipStanding vip, GateView view, WallTime wall)
    {
        var (settings, state) = (vip.Options.Settings, vip.State);
        var message = new Vip
        {
            Name = settings.Name,
            State = ToProto(state.Status),
            Reason = vip.IsLeaving ? $"{state.Reason}; it leaves the configuration" : state.Reason,
            StateSince = wall.At(state.Since),
            CauseEventId = vip.Cause,
            BackendsUp = (uint)state.Facts.Pools.Sum(pool => pool.Up),
            BackendsTotal = (uint)state.Facts.Pools.Sum(pool => pool.Total),
            BackendsWanted = (uint)state.Facts.Pools.Sum(pool => settings.MinHealthy.Wanted(pool.Total)),
            DampedUntil = state.Status == VipStatus.Damped ? wall.At(state.DampedUntil) : null,
            Drain = view.Drains.Covering(new Drain.DrainTarget.Vip(settings.Name)) is { } order
                ? DrainMapping.ToProto(order, view)
                : null,
        };
        message.Addresses.Add(vip.Ports.GroupBy(port => port.Endpoint.Address).Select(ToProto));
        message.Prefixes.Add(vip.Prefixes.Select(prefix => ToProto(prefix, view)));
        return message;
    }

    /// <summary>The status's name in the API.</summary>
    public static VipState ToProto(VipStatus status) => status switch
    {
        VipStatus.Unknown => VipState.Unknown,
        VipStatus.Down => VipState.Down,
        VipStatus.Starting => VipState.Starting,
        VipStatus.Up => VipState.Up,
        VipStatus.Standby => VipState.Standby,
        VipStatus.Damped => VipState.Damped,
        VipStatus.Draining => VipState.Draining,
        VipStatus.Drained => VipState.Drained,
        _ => VipState.Blocked,
    };

    private static VipAddress ToProto(IGrouping<System.Net.IPAddress, PortStanding> ports)
    {
        var message = new VipAddress
        {
            Address = ports.Key.ToString(),
            Present = ports.All(port => port.Address.IsProven),
            Foreign = ports.Any(port => port.IsForeign),
        };
        message.Ports.Add(ports.Where(port => port.Endpoint.Port != 0).Select(port => new VipPort
        {
            Port = (uint)port.Endpoint.Port,
            Pool = port.Pool,
            Listening = port.Listener.IsProven,
            Proven = port.SelfProbe.IsProven,
            Reason = new[] { port.Address, port.Listener, port.SelfProbe }
                .FirstOrDefault(finding => !finding.IsProven)?.Reason ?? "",
        }));
        return message;
    }

    private static VipPrefix ToProto(PrefixStanding prefix, GateView view)
    {
        var isAnnounced = prefix.What > Announcement.None;
        var waiting = view.Peers
            .Where(peer => prefix.IsRefused || !peer.IsEstablished || peer.AcknowledgedAt is null)
            .ToList();
        return new()
        {
            Prefix = prefix.Prefix,
            Announce = isAnnounced,
            PeersAdvertised = isAnnounced ? (uint)(view.Peers.Count - waiting.Count) : 0,
            PeersTotal = (uint)view.Peers.Count,
            Reason = prefix.Reason.Length > 0 || !isAnnounced || waiting.Count == 0
                ? prefix.Reason
                : $"not yet with {string.Join(", ", waiting.Select(peer => peer.Peer))}",
        };
    }
}

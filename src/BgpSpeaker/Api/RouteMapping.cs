using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using RefusalReason = AnycastVip.BgpSpeaker.Rib.RefusalReason;
using RefusedRoute = AnycastVip.BgpSpeaker.Rib.RefusedRoute;
using RouteState = AnycastVip.BgpSpeaker.Rib.RouteState;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>Routes and leases as the API's messages.</summary>
internal static class RouteMapping
{
    /// <summary>Every declared route that the filter lets through, with how each peer stands to it.</summary>
    public static async Task<ListRoutesResponse> ListAsync(Speaker speaker, string filter)
    {
        var wall = new WallTime(speaker.Clock);
        var views = speaker.Leases.ListRoutes()
            .Where(view => filter.Length == 0 || view.Prefix == filter || view.Vips.Contains(filter))
            .ToList();
        var prefixes = views.ConvertAll(view => Prefix.TryParse(view.Prefix, out var prefix) ? prefix : (Prefix?)null);
        var peers = await Task.WhenAll(speaker.Peers.Select(async peer => (
            peer.Options.Name,
            Routes: await peer.AskAsync(
                engine => prefixes.ConvertAll(prefix => prefix is { } known ? engine.Describe(known) : null)))));
        var response = new ListRoutesResponse { Emergency = ToProto(speaker.Leases.Emergency, wall) };
        for (var i = 0; i < views.Count; i++)
        {
            var route = ToProto(views[i], wall);
            foreach (var peer in peers)
            {
                if (peer.Routes[i] is { } advertised)
                    route.Peers.Add(new RoutePeer
                    {
                        Peer = peer.Name,
                        Advertised = advertised.Advertised,
                        Reason = advertised.Reason,
                    });
            }
            response.Routes.Add(route);
        }
        return response;
    }

    /// <summary>Every lease.</summary>
    public static ListLeasesResponse ListLeases(Speaker speaker)
    {
        var wall = new WallTime(speaker.Clock);
        var response = new ListLeasesResponse();
        response.Leases.Add(speaker.Leases.ListLeases().Select(view => new Lease
        {
            ClientId = view.ClientId,
            Epoch = view.Epoch,
            Connected = view.Connected,
            Ttl = view.Ttl.ToDuration(),
            LastHeartbeatAt = wall.At(view.LastHeartbeatAt),
            ExpiresAt = wall.At(view.ExpiresAt),
            Revision = view.Revision,
            Vips = (uint)view.Vips,
        }));
        return response;
    }

    /// <summary>Null stays null.</summary>
    public static EmergencyState? ToProto(Emergency? emergency, WallTime wall) =>
        emergency is null
            ? null
            : new EmergencyState { Reason = emergency.Reason, Since = wall.At(emergency.Since) };

    /// <summary>Writes a message.</summary>
    public static Proto.V1.RefusedRoute ToProto(RefusedRoute refused) => new()
    {
        Vip = refused.Vip,
        Prefix = refused.Prefix,
        Reason = refused.Reason switch
        {
            RefusalReason.NotAllowed => Proto.V1.RefusalReason.NotAllowed,
            RefusalReason.Malformed => Proto.V1.RefusalReason.Malformed,
            RefusalReason.Conflict => Proto.V1.RefusalReason.Conflict,
            _ => Proto.V1.RefusalReason.Emergency,
        },
        Text = refused.Text,
    };

    private static Route ToProto(RouteView view, WallTime wall)
    {
        var route = new Route
        {
            Prefix = view.Prefix,
            ClientId = view.ClientId,
            State = view.State switch
            {
                RouteState.Announced => Proto.V1.RouteState.Announced,
                RouteState.Held => Proto.V1.RouteState.Held,
                RouteState.Withdrawn => Proto.V1.RouteState.Withdrawn,
                _ => Proto.V1.RouteState.Refused,
            },
            Reason = view.Reason,
            Attributes = AttributesMapping.ToProto(view.Attributes),
            LeaseExpiresAt = wall.At(view.ExpiresAt),
        };
        route.Vips.Add(view.Vips);
        return route;
    }
}

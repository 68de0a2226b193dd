using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.Proto.V1;

namespace AnycastVip.HealthGate.Links;

/// <summary>The engine's records as messages of speaker.proto, and back.</summary>
internal static class SpeakerMapping
{
    /// <summary>The whole set.</summary>
    public static DesiredSet Set(Declare set) =>
        new() { Revision = set.Revision, Vips = { set.Declarations.Select(Vip) } };

    /// <summary>What a response says to the engine; null: nothing.</summary>
    /// <exception cref="InvalidOperationException">A time is out of range.</exception>
    public static GateInput? Read(AnnounceResponse response) => response.ResponseCase switch
    {
        AnnounceResponse.ResponseOneofCase.Accepted => new SpeakerConnected(response.Accepted.TookOver),
        AnnounceResponse.ResponseOneofCase.Result => new DeclarationJudged(
            response.Result.Revision,
            [.. response.Result.Refused.Select(refused => new RefusedPrefix(refused.Prefix, refused.Text))]),
        AnnounceResponse.ResponseOneofCase.Progress => new DeliveryReported(
            response.Progress.Revision, [.. response.Progress.Peers.Select(Peer)]),
        _ => null,
    };

    private static VipAnnouncement Vip(Declaration declaration)
    {
        var vip = new VipAnnouncement
        {
            Vip = declaration.Name,
            Intent = declaration.What switch
            {
                Announcement.Unknown => VipIntent.Unknown,
                Announcement.None => VipIntent.Withdraw,
                _ => VipIntent.Announce,
            },
            Reason = declaration.Reason,
        };
        if (vip.Intent == VipIntent.Announce)
            vip.Routes.Add(declaration.Prefixes.Select(
                prefix => new RouteAnnouncement { Prefix = prefix, Attributes = Attributes(declaration.Route) }));
        return vip;
    }

    private static RouteAttributes Attributes(RouteOptions route)
    {
        var attributes = new RouteAttributes
        {
            AsPathPrepend = (uint)route.AsPathPrepend,
            Communities = { Words(route.Communities) },
            ExtendedCommunities = { Words(route.ExtendedCommunities) },
            LargeCommunities = { Words(route.LargeCommunities) },
        };
        if (route.Med is { } med)
            attributes.Med = med;
        if (route.LocalPref is { } localPref)
            attributes.LocalPref = localPref;
        if (route.LinkBandwidth is { } linkBandwidth)
            attributes.LinkBandwidth = linkBandwidth;
        return attributes;
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static PeerDelivered Peer(PeerDelivery peer) => new(
        peer.Peer,
        peer.State != DeliveryState.NoSession,
        peer.WrittenAt?.ToDateTimeOffset(),
        peer.AcknowledgedAt?.ToDateTimeOffset());
}

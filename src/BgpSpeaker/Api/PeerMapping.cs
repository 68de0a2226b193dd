using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Runtime.Bfd;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using PeerState = AnycastVip.Proto.V1.PeerState;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>A peer's status as the API's message.</summary>
internal static class PeerMapping
{
    /// <summary>Writes a message.</summary>
    public static Peer ToProto(
        PeerOptions options, IPAddress? current, PeerStatus status, BfdStatus? bfd, WallTime wall)
    {
        var message = new Peer
        {
            Name = options.Name,
            Address = AddressText(options, current),
            Port = (uint)options.Port,
            LocalAs = options.Session.LocalAs,
            PeerAs = options.Session.PeerAs,
            State = ToProto(status.State),
            AdminState = status.IsAdministrativelyDown ? PeerAdminState.Down : PeerAdminState.Up,
            Reason = status.Reason,
            StateSince = wall.At(status.Since),
            Flaps = (ulong)status.Flaps,
            NextRetryAt = wall.At(status.NextRetryAt),
            LastSent = ToProto(status.LastSent, wall),
            LastReceived = ToProto(status.LastReceived, wall),
            Sent = ToProto(status.Sent),
            Received = ToProto(status.Received),
            Passive = options.Session.Passive,
            ReceivedRoutes = ToProto(status.ReceivedRoutes),
            SuspectedCause = status.SuspectedCause ?? "",
        };
        message.Transitions.Add(status.Transitions.Select(record => ToProto(record, wall)));
        if (bfd is not null)
            message.Bfd = BfdMapping.ToProto(bfd, options.Bfd is { Strict: true }, wall);
        if (status.Session is { } session)
            message.Session = ToProto(session, status, wall);
        return message;
    }

    /// <summary>The state's name in the API.</summary>
    public static PeerState ToProto(BgpState state) => state switch
    {
        BgpState.Idle => PeerState.Idle,
        BgpState.Connect => PeerState.Connect,
        BgpState.Active => PeerState.Active,
        BgpState.OpenSent => PeerState.OpenSent,
        BgpState.OpenConfirm => PeerState.OpenConfirm,
        _ => PeerState.Established,
    };

    // An unnumbered peer that is not known yet is named by its interface alone.
    private static string AddressText(PeerOptions options, IPAddress? current) =>
        !options.IsUnnumbered ? options.Address.ToString()
        : current is null ? options.Interface ?? ""
        : $"{new IPAddress(current.GetAddressBytes())}%{options.Interface}";

    private static PeerSession ToProto(NegotiatedSession session, PeerStatus status, WallTime wall)
    {
        var message = new PeerSession
        {
            LocalAddress = status.Local?.LocalAddress.ToString() ?? "",
            RemoteAddress = status.Local?.RemoteAddress.ToString() ?? "",
            PeerBgpIdentifier = BgpIdentifierText.Of(session.PeerIdentifier),
            HoldTime = session.HoldTime.ToDuration(),
            KeepaliveInterval = session.KeepaliveTime.ToDuration(),
            PeerHostName = session.PeerHostName,
            AdvertisedIpv4 = (uint)status.AdvertisedIPv4,
            AdvertisedIpv6 = (uint)status.AdvertisedIPv6,
            EstablishedAt = wall.At(status.EstablishedAt),
        };
        message.Families.Add(session.Families.Select(family => family.ToString()));
        message.CapabilitiesSent.Add(session.Sent.Capabilities.Select(CapabilityText.Of));
        message.CapabilitiesReceived.Add(session.Received.Capabilities.Select(CapabilityText.Of));
        message.CapabilitiesNegotiated.Add(session.Capabilities.Select(
            capability => capability is MultiprotocolCapability
                ? CapabilityText.Of(capability)
                : CapabilityText.NameOf(capability)));
        message.BlockedFamilies.Add(status.BlockedFamilies);
        return message;
    }

    private static LastNotification? ToProto(NotificationRecord? record, WallTime wall) =>
        record is null
            ? null
            : new LastNotification
            {
                Code = (uint)record.Notification.Code,
                Subcode = record.Notification.Subcode,
                Data = ByteString.CopyFrom(record.Notification.Data.AsSpan()),
                Text = NotificationText.Describe(record.Notification),
                At = wall.At(record.At),
            };

    private static Proto.V1.PeerTransition ToProto(TransitionRecord record, WallTime wall) => new()
    {
        From = ToProto(record.From),
        To = ToProto(record.To),
        At = wall.At(record.At),
        Cause = record.Cause,
        Times = (ulong)record.Times,
    };

    private static Proto.V1.MessageCounters ToProto(Peering.MessageCounters counters) => new()
    {
        Open = counters.Open,
        Update = counters.Update,
        Notification = counters.Notification,
        Keepalive = counters.KeepAlive,
        RouteRefresh = counters.RouteRefresh,
        Octets = counters.Octets,
    };

    private static Proto.V1.ReceivedRoutes ToProto(Peering.ReceivedRoutes routes)
    {
        var message = new Proto.V1.ReceivedRoutes
        {
            Announced = routes.Announced,
            Withdrawn = routes.Withdrawn,
            TreatedAsWithdraw = routes.TreatedAsWithdraw,
            AttributesDiscarded = routes.AttributesDiscarded,
            LastError = routes.LastError ?? "",
        };
        message.EndOfRib.Add(routes.EndOfRib.Select(family => family.ToString()));
        return message;
    }
}

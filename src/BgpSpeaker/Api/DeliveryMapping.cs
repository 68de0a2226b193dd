using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>How far a version of the routes has come at one peer, as the API's message.</summary>
internal static class DeliveryMapping
{
    /// <summary>Writes a message.</summary>
    public static Proto.V1.PeerDelivery ToProto(PeerRunner peer, long version, WallTime wall)
    {
        var delivery = peer.Delivery;
        var isWritten = delivery.Connection is not null && delivery.WrittenVersion >= version;
        var isAcknowledged = isWritten && delivery.AcknowledgedVersion >= version;
        return new Proto.V1.PeerDelivery
        {
            Peer = peer.Options.Name,
            State = delivery.Connection is null ? DeliveryState.NoSession
                : isAcknowledged ? DeliveryState.Acknowledged
                : isWritten ? DeliveryState.Written
                : DeliveryState.Pending,
            WrittenAt = wall.At(isWritten ? delivery.WrittenAt : null),
            AcknowledgedAt = wall.At(isAcknowledged ? delivery.AcknowledgedAt : null),
        };
    }
}

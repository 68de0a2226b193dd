using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary>What <c>vipctl emergency withdraw</c> was answered: how far the withdraw came, per peer.</summary>
internal static class DeliveryView
{
    public static readonly View<EmergencyWithdrawResponse> View = new(answer => answer.Peers, Draw);

    private static void Draw(EmergencyWithdrawResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        var table = new Table("PEER", "DELIVERY", "WRITTEN", "ACKNOWLEDGED");
        foreach (var peer in answer.Peers)
        {
            table.Add(
                peer.Peer, $"{peer.State}", Cell.Since(peer.WrittenAt, now), Cell.Since(peer.AcknowledgedAt, now));
        }
        table.WriteTo(output);
    }
}

using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>How far one peer has come with the versions of the desired set, and since when.</summary>
/// <param name="Connection">The Established connection; null when there is none.</param>
/// <param name="WrittenVersion">The newest version that the kernel has taken whole.</param>
/// <param name="WrittenAt">When it had.</param>
/// <param name="AcknowledgedVersion">The newest version that the peer's TCP has acknowledged whole.</param>
/// <param name="AcknowledgedAt">When that was seen.</param>
public sealed record PeerDelivery(
    ConnectionId? Connection, long WrittenVersion, TimeSpan WrittenAt, long AcknowledgedVersion,
    TimeSpan AcknowledgedAt)
{
    /// <summary>No session yet.</summary>
    public static readonly PeerDelivery None = new(null, -1, default, -1, default);

    /// <summary>The next snapshot; equal to this one when nothing moved.</summary>
    public PeerDelivery Advance(ConnectionId? connection, long written, long acknowledged, TimeSpan now)
    {
        var last = connection == Connection ? this : None with { Connection = connection };
        return last with
        {
            WrittenVersion = written,
            WrittenAt = written == last.WrittenVersion ? last.WrittenAt : now,
            AcknowledgedVersion = acknowledged,
            AcknowledgedAt = acknowledged == last.AcknowledgedVersion ? last.AcknowledgedAt : now,
        };
    }
}

using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Engine;

/// <summary>What a pool's choice goes by: where clients are, and how fast backends answer.</summary>
internal sealed partial class LoopWorker
{
    private static SourceAddress SourceOf(in Connection connection) => SourceAddress.Of(connection.Peer.Mapped);

    private void Measure(in Connection connection, ResponsePart part) =>
        PoolOf(connection.BackendSlot, connection).Measure(
            connection.BackendSlot, part, _shared.Clock.GetElapsedTime(connection.AttemptStarted), Time);
}

using System.Buffers.Binary;

namespace AnycastVip.Proxy.Engine;

/// <summary>The limits of each source.</summary>
internal sealed partial class LoopWorker
{
    // By the address in Peer. False when its source has as much as it may.
    private bool TryAdmitSource(ref Connection connection, ListenerEntry entry)
    {
        if (connection.IsLocal || entry.Sources is not { } sources)
            return true;
        if (!sources.TryAdmit(AddressOf(connection), connection.Peer.IsIPv4, Time, out var isCounted))
        {
            Interlocked.Increment(ref entry.Clients.SourceLimited);
            return false;
        }
        connection.SourceVersion = isCounted ? sources.Version : (byte)0;
        return true;
    }

    private static void ReleaseSource(in Connection connection, ListenerEntry entry)
    {
        // A table of another version never knew it.
        if (connection.SourceVersion != 0 && entry.Sources is { } sources
            && sources.Version == connection.SourceVersion)
            sources.Release(AddressOf(connection), connection.Peer.IsIPv4);
    }

    private static UInt128 AddressOf(in Connection connection) =>
        BinaryPrimitives.ReadUInt128BigEndian(connection.Peer.Mapped);
}

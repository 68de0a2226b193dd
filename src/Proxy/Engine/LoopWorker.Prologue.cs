using System.Buffers.Binary;
using AnycastVip.Proxy.ProxyProtocol;

namespace AnycastVip.Proxy.Engine;

/// <summary>What a client must say before a backend is chosen for it.</summary>
internal sealed partial class LoopWorker
{
    private readonly byte[] _first = new byte[ProxyHeaderReader.MaximumLength];

    // A connection that was accepted, and has said something if it comes from this node.
    private void Admit(int client)
    {
        ref var connection = ref _table.Connection(client);
        var listener = _shared.Listeners[connection.ListenerSlot];
        if (listener.Route.Listener.ProxyProtocol is not { } expected)
        {
            Proceed(client);
            return;
        }
        if (!listener.Route.Proxies.Contains(connection.Peer))
        {
            Interlocked.Increment(ref listener.CountsOf(connection).SourcesRefused);
            Close(client, reset: true);
            return;
        }
        connection.Phase = ConnectionPhase.Prologue;
        _timers.Set(client, _loop.TimeAfter(expected.Timeout));
        // For one from this node the event is over that told of its first octet.
        ReadPrologue(client);
    }

    // What the client sent stays where it is: the header goes when the rest is relayed.
    private void ReadPrologue(int client)
    {
        ref var connection = ref _table.Connection(client);
        var octets = _first.AsSpan(0, Transport.Peek(client, _first));
        switch (ProxyHeaderReader.Read(octets, out var header, out _))
        {
            case HeaderVerdict.NeedMore:
                return;
            case HeaderVerdict.Fault:
                Interlocked.Increment(
                    ref _shared.Listeners[connection.ListenerSlot].CountsOf(connection).PrologueFaults);
                Close(client, reset: true);
                return;
            default:
                connection.HeaderLength = (ushort)header.Length;
                if (header.HasEndpoints && !TryRename(ref connection, header.Source))
                    Close(client, reset: true);
                else
                    Proceed(client);
                return;
        }
    }

    // False when the source that is named has as much as it may.
    private bool TryRename(ref Connection connection, in ProxyEndpoint source)
    {
        var listener = _shared.Listeners[connection.ListenerSlot];
        // A table may have asked for the header only after the accept.
        ReleaseSource(connection, listener);
        connection.SourceVersion = 0;
        connection.Peer = AddressOf(source);
        return TryAdmitSource(ref connection, listener);
    }

    private void EndPrologue(int client)
    {
        ref var connection = ref _table.Connection(client);
        Interlocked.Increment(ref _shared.Listeners[connection.ListenerSlot].CountsOf(connection).PrologueTimeouts);
        Close(client, reset: true);
    }

    private void Proceed(int client)
    {
        _table.Connection(client).Phase = ConnectionPhase.Connecting;
        TryBackends(client);
    }

    private static PeerAddress AddressOf(in ProxyEndpoint endpoint)
    {
        Span<byte> octets = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(octets, endpoint.Address);
        return PeerAddress.Of(endpoint.Family == ProxyFamily.IPv4 ? octets[^4..] : octets, endpoint.Port);
    }
}

using System.Buffers.Binary;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.ProxyProtocol;
using AnycastVip.Proxy.Tls;

namespace AnycastVip.Proxy.Engine;

/// <summary>What a client must say before a backend is chosen for it.</summary>
internal sealed partial class LoopWorker
{
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(5);

    private readonly byte[] _first = new byte[ProxyHeaderReader.MaximumLength + ClientHelloReader.MaximumLength];
    private readonly byte[] _joined = new byte[ClientHelloReader.MaximumLength];

    // A connection that was accepted, and has said something if it comes from this node.
    private void Admit(int client)
    {
        ref var connection = ref _table.Connection(client);
        var listener = _shared.Listeners[connection.ListenerSlot];
        var route = listener.Route;
        if (!route.HasPrologue)
        {
            Proceed(client);
            return;
        }
        var expected = route.Listener.ProxyProtocol;
        if (expected is not null && !route.Proxies.Contains(connection.Peer))
        {
            Refuse(client, ref listener.CountsOf(connection).SourcesRefused);
            return;
        }
        connection.Phase = ConnectionPhase.Prologue;
        _timers.Set(client, _loop.TimeAfter(expected?.Timeout ?? HelloTimeout));
        // For one from this node the event is over that told of its first octet.
        ReadPrologue(client);
    }

    // What the client sent stays where it is: the header goes when the rest is relayed.
    private void ReadPrologue(int client)
    {
        ref var connection = ref _table.Connection(client);
        var listener = _shared.Listeners[connection.ListenerSlot];
        var route = listener.Route;
        var octets = PeekFirst(client, route);
        if (route.Listener.ProxyProtocol is not null && connection.HeaderLength == 0)
        {
            var verdict = ProxyHeaderReader.Read(octets, out var header, out _);
            if (verdict == HeaderVerdict.NeedMore)
                return;
            if (verdict == HeaderVerdict.Fault)
            {
                Refuse(client, ref listener.CountsOf(connection).PrologueFaults);
                return;
            }
            connection.HeaderLength = (ushort)header.Length;
            if (header.HasEndpoints && !TryRename(ref connection, header.Source))
            {
                Close(client, reset: true);
                return;
            }
        }
        var hello = route.Sni is null ? HelloVerdict.NotTls : ReadHello(Behind(connection, octets), out _);
        if (hello == HelloVerdict.Fault)
            Refuse(client, ref listener.CountsOf(connection).PrologueFaults);
        else if (hello != HelloVerdict.NeedMore)
            Proceed(client);
    }

    private Span<byte> PeekFirst(int client, Route route)
    {
        var room = _first.AsSpan(0, route.Sni is null ? ProxyHeaderReader.MaximumLength : _first.Length);
        return room[..Transport.Peek(client, room)];
    }

    // A client that has reset the connection meanwhile shows nothing any more.
    private static ReadOnlySpan<byte> Behind(in Connection connection, ReadOnlySpan<byte> octets) =>
        octets[Math.Min(connection.HeaderLength, octets.Length)..];

    private HelloVerdict ReadHello(ReadOnlySpan<byte> octets, out ClientHello hello) =>
        ClientHelloReader.Read(octets, _joined, out hello, out _);

    // Read again for each round of attempts: a table may have changed the routes. Null: the client fits none.
    private Pool? PoolOf(int client, Route route)
    {
        if (route.Sni is not { } sni)
            return route.Pool;
        var octets = Behind(_table.Connection(client), PeekFirst(client, route));
        var found = ReadHello(octets, out var hello) == HelloVerdict.Whole ? sni.Find(hello) : null;
        return found ?? (sni.ResetsOthers ? null : route.Pool);
    }

    // The pool of a backend that holds the connection's count.
    private Pool PoolOf(ushort backendSlot, in Connection connection)
    {
        var route = _shared.Listeners[connection.ListenerSlot].Route;
        return route.Sni?.Find(_shared.Backends[backendSlot].Pool) ?? route.Pool;
    }

    private void Refuse(int client, ref long count)
    {
        Interlocked.Increment(ref count);
        Close(client, reset: true);
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
        Refuse(client, ref _shared.Listeners[connection.ListenerSlot].CountsOf(connection).PrologueTimeouts);
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

using System.Buffers.Binary;
using System.Security.Cryptography;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine.Kernel;
using AnycastVip.Proxy.ProxyProtocol;
using AnycastVip.Proxy.Tls;

namespace AnycastVip.Proxy.Engine;

/// <summary>Telling a backend who the client is, by a header of the PROXY protocol.</summary>
internal sealed partial class LoopWorker
{
    // Names of connections are of 32 hexadecimal digits: what no other loop or start has, then a count.
    private const int UniqueIdLength = 32;

    // A received one, and what is added.
    private readonly byte[] _header = new byte[ProxyHeaderReader.MaximumLength + 512];
    private readonly ulong _instance = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private ulong _named;

    // Sends the header, if the backend expects one: 0 or an errno. Nothing of the client's is lost if it fails.
    private unsafe int SendHeader(int client)
    {
        ref var connection = ref _table.Connection(client);
        if (connection.SentHeader == SentHeader.None)
            return 0;
        var length = WriteHeader(client, connection);
        fixed (byte* octets = _header)
        {
            // The socket is new: it has room for far more than a header.
            var sent = Libc.Send(_table.Side(client).Partner, octets, length);
            return sent == length ? 0 : sent < 0 ? -sent : Errno.ConnectionReset;
        }
    }

    private int WriteHeader(int client, in Connection connection)
    {
        var listener = _shared.Listeners[connection.ListenerSlot];
        var route = listener.Route;
        // It still stands before the client's octets, and the hello behind it.
        var first = connection.HeaderLength > 0 || route.Sni is not null ? PeekFirst(client, route) : default;
        ProxyHeaderReader.Read(
            first[..Math.Min(connection.HeaderLength, first.Length)], out var received, out _);
        var source = EndpointOf(connection.Peer);
        var destination = received.HasEndpoints ? received.Destination : EndpointOf(PeerAddress.Of(listener.Name));
        if (connection.SentHeader == SentHeader.Version1)
            return TextHeader.Write(source, destination, _header);
        var writer = ProxyHeaderWriter.Proxy(_header, source, destination);
        PassOn(received.Tlvs, ref writer, out var hasName, out var hasAuthority);
        if (!hasName)
            AddUniqueId(ref writer);
        if (!hasAuthority && route.Sni is not null)
            AddAuthority(Behind(connection, first), ref writer);
        return writer.Length;
    }

    // Section 2.2: a checksum is of the header that it stands in, and padding of no use elsewhere.
    private static void PassOn(
        ReadOnlySpan<byte> tlvs, ref ProxyHeaderWriter writer, out bool hasName, out bool hasAuthority)
    {
        (hasName, hasAuthority) = (false, false);
        var reader = new TlvReader(tlvs);
        while (reader.TryRead(out var type, out var value))
        {
            if (type is not (TlvType.Crc32c or TlvType.Noop))
                writer.Add(type, value);
            hasName |= type == TlvType.UniqueId;
            hasAuthority |= type == TlvType.Authority;
        }
    }

    private void AddAuthority(ReadOnlySpan<byte> octets, ref ProxyHeaderWriter writer)
    {
        if (ReadHello(octets, out var hello) == HelloVerdict.Whole
            && hello.ServerName.Length is > 0 and <= HostName.MaximumLength)
            writer.Add(TlvType.Authority, hello.ServerName);
    }

    private void AddUniqueId(ref ProxyHeaderWriter writer)
    {
        Span<byte> id = stackalloc byte[UniqueIdLength];
        _instance.TryFormat(id, out var half, "x16");
        _named++.TryFormat(id[half..], out _, "x16");
        writer.Add(TlvType.UniqueId, id);
    }

    private static ProxyEndpoint EndpointOf(in PeerAddress address) => address.IsIPv4
        ? new(ProxyFamily.IPv4, BinaryPrimitives.ReadUInt32BigEndian(address.Address), address.Port)
        : new(ProxyFamily.IPv6, BinaryPrimitives.ReadUInt128BigEndian(address.Address), address.Port);
}

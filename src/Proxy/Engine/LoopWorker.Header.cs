using System.Buffers.Binary;
using System.Security.Cryptography;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine.Kernel;
using AnycastVip.Proxy.ProxyProtocol;

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
        var received = ReceivedHeader(client, connection);
        var source = EndpointOf(connection.Peer);
        var destination = received.HasEndpoints
            ? received.Destination
            : EndpointOf(PeerAddress.Of(_shared.Listeners[connection.ListenerSlot].Name));
        if (connection.SentHeader == SentHeader.Version1)
            return TextHeader.Write(source, destination, _header);
        var writer = ProxyHeaderWriter.Proxy(_header, source, destination);
        if (!TryPassOn(received.Tlvs, ref writer))
            AddUniqueId(ref writer);
        return writer.Length;
    }

    // It still stands before the client's octets.
    private ProxyHeader ReceivedHeader(int client, in Connection connection)
    {
        if (connection.HeaderLength == 0)
            return default;
        var octets = _first.AsSpan(0, connection.HeaderLength);
        ProxyHeaderReader.Read(octets[..Transport.Peek(client, octets)], out var header, out _);
        return header;
    }

    // Section 2.2: a checksum is of the header that it stands in. True when the connection has a name already.
    private static bool TryPassOn(ReadOnlySpan<byte> tlvs, ref ProxyHeaderWriter writer)
    {
        var reader = new TlvReader(tlvs);
        var hasName = false;
        while (reader.TryRead(out var type, out var value))
        {
            if (type is not (TlvType.Crc32c or TlvType.Noop))
                writer.Add(type, value);
            hasName |= type == TlvType.UniqueId;
        }
        return hasName;
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

using System.Buffers.Binary;
using System.Net;

namespace AnycastVip.Bench.Speakers;

/// <summary>Writes routes in MRT's TABLE_DUMP_V2 format (RFC 6396 section 4.3), which GoBGP takes many from.</summary>
internal static class MrtFile
{
    private const ushort TableDumpV2 = 13;
    private const ushort PeerIndexTable = 1;
    private const ushort RibIPv4Unicast = 2;

    /// <summary>A table with the first <paramref name="prefixes"/> of <see cref="BenchPrefixes"/>.</summary>
    /// <param name="prefixes">How many.</param>
    /// <param name="repeated">How many of them follow once more.</param>
    /// <param name="nextHop">An IPv4 address.</param>
    public static byte[] TableDump(int prefixes, int repeated, string nextHop)
    {
        var file = new List<byte>();
        var router = IPAddress.Parse(nextHop).GetAddressBytes();
        // Collector, view name of no length, one peer: four-octet AS, IPv4.
        Add(file, PeerIndexTable, [.. router, 0, 0, 0, 1, 2, .. router, .. router, 0, 0, 0xFD, 0xEB]);
        // ORIGIN IGP, an empty AS_PATH, NEXT_HOP.
        byte[] attributes = [0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, .. router];
        for (var i = 0; i < prefixes + repeated; i++)
        {
            // Sequence number, prefix, one entry: of peer 0, originated at time 0.
            Add(
                file, RibIPv4Unicast,
                [
                    .. Octets4((uint)i), 32, .. BenchPrefixes.Address(i % prefixes).GetAddressBytes(), 0, 1,
                    0, 0, 0, 0, 0, 0, 0, (byte)attributes.Length, .. attributes,
                ]);
        }
        return [.. file];
    }

    // RFC 6396 section 2: timestamp, type, subtype, length.
    private static void Add(List<byte> file, ushort subtype, byte[] body) =>
        file.AddRange([0, 0, 0, 0, 0, (byte)TableDumpV2, 0, (byte)subtype, .. Octets4((uint)body.Length), .. body]);

    private static byte[] Octets4(uint number)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, number);
        return octets;
    }
}

using System.Buffers.Binary;
using System.Net;

namespace AnycastVip.Bench.Speakers;

/// <summary>What the speakers announce: /32 of 198.18.0.0/15, which RFC 2544 sets aside for benchmarks.</summary>
internal static class BenchPrefixes
{
    /// <summary>Holds them all.</summary>
    public const string Block = "198.18.0.0/15";

    /// <summary>How many there are at most.</summary>
    public const int Maximum = 1 << 17;

    /// <summary>The one that comes and goes alone.</summary>
    public const string Single = "203.0.113.50/32";

    private const uint First = 0xC612_0000;

    /// <summary>The address of one of them.</summary>
    /// <param name="number">From 0.</param>
    public static IPAddress Address(int number)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(octets, First + (uint)number);
        return new IPAddress(octets);
    }

    /// <summary>The first <paramref name="count"/> in CIDR notation.</summary>
    public static IEnumerable<string> Texts(int count) =>
        Enumerable.Range(0, count).Select(number => $"{Address(number)}/32");
}

using System.Net;

namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>Where the packets of one session run: RFC 5881 (one hop) and RFC 5883 (several hops).</summary>
public sealed record BfdPath
{
    /// <summary>The UDP port of single-hop Control packets, RFC 5881 section 4.</summary>
    public const ushort SingleHopPort = 3784;

    /// <summary>The UDP port of multihop Control packets, RFC 5883 section 5.</summary>
    public const ushort MultihopPort = 4784;

    /// <summary>The TTL or hop limit of whatever we send; the least to take from one hop away.</summary>
    public const byte FullTtl = 255;

    private const int FirstSourcePort = 49152;
    private const int SourcePorts = 65536 - FirstSourcePort;

    /// <summary>The remote system; a link-local address without scope, since <see cref="Interface"/> is that.</summary>
    public required IPAddress Remote { get; init; }

    /// <summary>Our address on the path; null: whichever it is.</summary>
    public IPAddress? Local { get; init; }

    /// <summary>The index of the interface that packets must come in on; zero: any.</summary>
    public int Interface { get; init; }

    /// <summary>Several hops: RFC 5883 instead of RFC 5881.</summary>
    public bool IsMultihop { get; init; }

    /// <summary>
    /// The least TTL to take on a multihop path, where RFC 5883 leaves it to the system; 254 allows one router between.
    /// </summary>
    public byte MultihopMinimumTtl { get; init; } = 254;

    /// <summary>The destination port, both ways.</summary>
    public ushort Port => IsMultihop ? MultihopPort : SingleHopPort;

    /// <summary>
    /// The least TTL to take. RFC 5881 section 5: a packet without authentication that was demultiplexed to a
    /// single-hop session "MUST be discarded if the received TTL or Hop Limit is not equal to 255".
    /// </summary>
    public byte MinimumTtl => IsMultihop ? MultihopMinimumTtl : FullTtl;

    /// <summary>
    /// The source ports to try, in order. RFC 5881 section 4: from 49152 to 65535, the same for all packets of a
    /// session, and best unique on the system; so the session binds one of them and keeps the socket.
    /// </summary>
    /// <param name="localDiscr">The session's bfd.LocalDiscr, so that a restart tends to the same port.</param>
    /// <param name="attempt">From 0; after 16,384 attempts the ports repeat.</param>
    public static ushort SourcePort(uint localDiscr, int attempt) =>
        (ushort)(FirstSourcePort + ((localDiscr + (uint)attempt) % SourcePorts));

    /// <summary>Whether a packet without Your Discriminator that arrived there belongs to this session.</summary>
    /// <remarks>
    /// Between two systems there is one session for each interface and address family (RFC 5881 section 3), so that
    /// interface and source address tell; on a multihop path both addresses do (RFC 5883 section 4.1).
    /// </remarks>
    public bool Matches(in BfdArrival arrival) =>
        IsMultihop == arrival.IsMultihop
        && Remote.Equals(arrival.Remote)
        && (Local is null || Local.Equals(arrival.Local))
        && (Interface == 0 || Interface == arrival.Interface);
}

/// <summary>How a packet came.</summary>
/// <param name="Remote">The source address, without scope.</param>
/// <param name="Local">The destination address, without scope.</param>
/// <param name="Interface">The index of the interface that it came in on.</param>
/// <param name="DestinationPort">The port that it was sent to.</param>
/// <param name="Ttl">The TTL or hop limit that it arrived with.</param>
public readonly record struct BfdArrival(
    IPAddress Remote, IPAddress Local, int Interface, ushort DestinationPort, byte Ttl)
{
    /// <summary>It came to the multihop port.</summary>
    public bool IsMultihop => DestinationPort == BfdPath.MultihopPort;
}

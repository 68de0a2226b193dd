using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>An extended community, RFC 4360 section 2.</summary>
/// <param name="Value">Its eight octets, the first one in the highest bits.</param>
public readonly record struct ExtendedCommunity(ulong Value) : IComparable<ExtendedCommunity>
{
    /// <summary>How many octets each takes.</summary>
    public const int Length = sizeof(ulong);

    // IANA's registry: Non-Transitive Two-Octet AS-Specific, sub-type Link Bandwidth.
    private const ulong NonTransitiveLinkBandwidth = 0x4004;
    private const ulong TransitiveLinkBandwidth = 0x0004;

    /// <summary>True for the link bandwidth, in either of its types.</summary>
    public bool IsLinkBandwidth => Value >> 48 is NonTransitiveLinkBandwidth or TransitiveLinkBandwidth;

    /// <summary>
    /// The link bandwidth of draft-ietf-idr-link-bandwidth section 2: an AS number and octets per second as an IEEE 754
    /// single. The non-transitive type: it says something about our own link, and to this neighbour only.
    /// </summary>
    /// <param name="localAs">Our AS number; AS_TRANS stands for one that two octets cannot hold.</param>
    /// <param name="bitsPerSecond">Rounded to the nearest of 24 significant bits.</param>
    public static ExtendedCommunity LinkBandwidth(uint localAs, ulong bitsPerSecond)
    {
        var number = localAs > ushort.MaxValue ? AsNumber.Trans : localAs;
        var octetsPerSecond = BitConverter.SingleToUInt32Bits((float)(bitsPerSecond / 8.0));
        return new((NonTransitiveLinkBandwidth << 48) | ((ulong)number << 32) | octetsPerSecond);
    }

    /// <summary>Reads the first eight octets.</summary>
    public static ExtendedCommunity Read(ReadOnlySpan<byte> octets) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(octets));

    /// <inheritdoc/>
    public int CompareTo(ExtendedCommunity other) => Value.CompareTo(other.Value);

    /// <summary>As <see cref="ExtendedCommunityText.Format"/> writes it.</summary>
    public override string ToString() => ExtendedCommunityText.Format(this);
}

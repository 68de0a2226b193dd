using System.Buffers.Binary;
using System.Net.Sockets;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// The path attributes of an announcement as octets, made once for many prefixes of one family.
/// </summary>
public sealed class EncodedAttributes
{
    // Leaves room for the fixed parts of an UPDATE, MP_REACH_NLRI's own header and next hop, and many prefixes.
    internal const int MaximumLength = 3584;

    private const int SegmentAsMaximum = 255;
    private const byte AsSequence = 2;

    private readonly byte[] _octets;
    private readonly byte[] _nextHop;

    /// <summary>Encodes <paramref name="attributes"/> in ascending order of their type codes.</summary>
    /// <param name="attributes">What to encode.</param>
    /// <param name="fourOctetAs">Whether the session carries AS numbers in four octets, RFC 6793.</param>
    /// <exception cref="ArgumentException">Communities not in order, AS 0, or more than 3584 octets.</exception>
    public EncodedAttributes(PathAttributes attributes, bool fourOctetAs)
    {
        RequireAscending(attributes.Communities, nameof(PathAttributes.Communities));
        RequireAscending(attributes.ExtendedCommunities, nameof(PathAttributes.ExtendedCommunities));
        RequireAscending(attributes.LargeCommunities, nameof(PathAttributes.LargeCommunities));
        // RFC 7607 section 2: "A BGP speaker MUST NOT originate or propagate a route with an AS number of zero".
        if (attributes.AsPath.AsSpan().Contains(0u))
            throw new ArgumentException("AS 0 in AS_PATH.", nameof(attributes));

        var isIPv4 = attributes.NextHop.AddressFamily == AddressFamily.InterNetwork;
        if (isIPv4 && (attributes.IsExtendedNextHop || attributes.LinkLocalNextHop is not null))
            throw new ArgumentException($"{attributes.NextHop} is no IPv6 next hop.", nameof(attributes));
        Family = isIPv4 || attributes.IsExtendedNextHop ? Family.IPv4Unicast : Family.IPv6Unicast;
        IsMultiprotocol = !isIPv4;
        _nextHop = [.. attributes.NextHop.GetAddressBytes(), .. attributes.LinkLocalNextHop?.GetAddressBytes() ?? []];
        _octets = Encode(attributes, isIPv4 ? _nextHop : [], fourOctetAs);
        if (_octets.Length > MaximumLength)
            throw new ArgumentException($"{_octets.Length} octets of attributes.", nameof(attributes));
    }

    /// <summary>The family of the prefixes that can be announced with these attributes.</summary>
    public Family Family { get; }

    /// <summary>The prefixes go into MP_REACH_NLRI (RFC 4760), else into the UPDATE's own field.</summary>
    internal bool IsMultiprotocol { get; }

    /// <summary>Every attribute but MP_REACH_NLRI.</summary>
    internal ReadOnlySpan<byte> Octets => _octets;

    /// <summary>
    /// The next hop's address, or two: part of MP_REACH_NLRI, or of <see cref="Octets"/> when there is none.
    /// </summary>
    internal ReadOnlySpan<byte> NextHop => _nextHop;

    private static byte[] Encode(PathAttributes attributes, ReadOnlySpan<byte> nextHopIPv4, bool fourOctetAs)
    {
        var writer = new AttributeWriter();
        writer.Add(AttributeFlags.Transitive, AttributeCode.Origin, [(byte)attributes.Origin]);
        writer.Add(AttributeFlags.Transitive, AttributeCode.AsPath, EncodeAsPath(attributes.AsPath, fourOctetAs));
        if (!nextHopIPv4.IsEmpty)
            writer.Add(AttributeFlags.Transitive, AttributeCode.NextHop, nextHopIPv4);
        if (attributes.Med is { } med)
            writer.Add(AttributeFlags.Optional, AttributeCode.MultiExitDisc, Octets4([med]));
        if (attributes.LocalPref is { } localPref)
            writer.Add(AttributeFlags.Transitive, AttributeCode.LocalPref, Octets4([localPref]));
        if (attributes.Communities.Count > 0)
            writer.Add(
                AttributeFlags.Optional | AttributeFlags.Transitive, AttributeCode.Communities,
                Octets4(attributes.Communities.AsSpan()));
        if (attributes.ExtendedCommunities.Count > 0)
            writer.Add(
                AttributeFlags.Optional | AttributeFlags.Transitive, AttributeCode.ExtendedCommunities,
                EncodeExtendedCommunities(attributes.ExtendedCommunities));
        // RFC 6793 section 4.2.2: AS4_PATH is for numbers that AS_PATH cannot carry, and MUST NOT be sent without one.
        if (!fourOctetAs && attributes.AsPath.AsSpan().ContainsAnyInRange(ushort.MaxValue + 1u, uint.MaxValue))
            writer.Add(
                AttributeFlags.Optional | AttributeFlags.Transitive, AttributeCode.As4Path,
                EncodeAsPath(attributes.AsPath, fourOctetAs: true));
        if (attributes.LargeCommunities.Count > 0)
            writer.Add(
                AttributeFlags.Optional | AttributeFlags.Transitive, AttributeCode.LargeCommunities,
                EncodeLargeCommunities(attributes.LargeCommunities));
        if (attributes.OnlyToCustomer is { } onlyToCustomer)
            writer.Add(
                AttributeFlags.Optional | AttributeFlags.Transitive, AttributeCode.OnlyToCustomer,
                Octets4([onlyToCustomer]));
        return writer.ToArray();
    }

    // RFC 4271 section 4.3: a segment counts its numbers in one octet, so a longer path takes several.
    private static byte[] EncodeAsPath(ValueList<uint> path, bool fourOctetAs)
    {
        var segments = (path.Count + SegmentAsMaximum - 1) / SegmentAsMaximum;
        var value = new byte[(2 * segments) + (path.Count * (fourOctetAs ? 4 : 2))];
        var at = 0;
        for (var i = 0; i < path.Count; i++)
        {
            if (i % SegmentAsMaximum == 0)
            {
                value[at++] = AsSequence;
                value[at++] = (byte)Math.Min(path.Count - i, SegmentAsMaximum);
            }
            if (fourOctetAs)
                BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(at), path[i]);
            else
                BinaryPrimitives.WriteUInt16BigEndian(
                    value.AsSpan(at), path[i] > ushort.MaxValue ? AsNumber.Trans : (ushort)path[i]);
            at += fourOctetAs ? 4 : 2;
        }
        return value;
    }

    private static byte[] EncodeExtendedCommunities(ValueList<ExtendedCommunity> communities)
    {
        var octets = new byte[communities.Count * ExtendedCommunity.Length];
        for (var i = 0; i < communities.Count; i++)
            BinaryPrimitives.WriteUInt64BigEndian(octets.AsSpan(i * ExtendedCommunity.Length), communities[i].Value);
        return octets;
    }

    private static byte[] EncodeLargeCommunities(ValueList<LargeCommunity> communities)
    {
        var numbers = new uint[communities.Count * 3];
        for (var i = 0; i < communities.Count; i++)
        {
            numbers[i * 3] = communities[i].GlobalAdministrator;
            numbers[(i * 3) + 1] = communities[i].LocalData1;
            numbers[(i * 3) + 2] = communities[i].LocalData2;
        }
        return Octets4(numbers);
    }

    private static byte[] Octets4(ReadOnlySpan<uint> numbers)
    {
        var octets = new byte[numbers.Length * 4];
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(octets.AsSpan(i * 4), numbers[i]);
        return octets;
    }

    private static void RequireAscending<T>(ValueList<T> values, string name) where T : IComparable<T>
    {
        for (var i = 1; i < values.Count; i++)
        {
            if (values[i - 1].CompareTo(values[i]) >= 0)
                throw new ArgumentException($"{name} not in ascending order without duplicates.", nameof(values));
        }
    }

    private sealed class AttributeWriter
    {
        private readonly List<byte> _octets = [];

        // RFC 4271 section 4.3: two length octets only where one does not do.
        public void Add(AttributeFlags flags, AttributeCode code, ReadOnlySpan<byte> value)
        {
            var extended = value.Length > byte.MaxValue;
            _octets.Add((byte)(extended ? flags | AttributeFlags.ExtendedLength : flags));
            _octets.Add((byte)code);
            if (extended)
                _octets.Add((byte)(value.Length >> 8));
            _octets.Add((byte)value.Length);
            _octets.AddRange(value);
        }

        public byte[] ToArray() => [.. _octets];
    }
}

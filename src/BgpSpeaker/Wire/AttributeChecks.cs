using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>AS_PATH segment types, RFC 4271 section 4.3 and RFC 5065 section 3.</summary>
internal enum SegmentType : byte
{
    AsSet = 1,
    AsSequence = 2,
    AsConfedSequence = 3,
    AsConfedSet = 4,
}

/// <summary>What a well-formed value of each attribute is; none of these allocates.</summary>
internal static class AttributeChecks
{
    public static UpdateFault Origin(ReadOnlySpan<byte> value, in UpdateContext context) =>
        value.Length != 1 ? UpdateFault.AttributeLength
        : value[0] > (byte)Wire.Origin.Incomplete ? UpdateFault.UndefinedOrigin
        : UpdateFault.None;

    public static UpdateFault AsPath(ReadOnlySpan<byte> value, in UpdateContext context)
    {
        // RFC 4271 section 5.1.2: towards another AS a speaker puts its own AS in the path.
        if (value.IsEmpty && context.IsExternal)
            return UpdateFault.EmptyAsPath;
        return Segments(value, context.FourOctetAs ? 4 : 2, !context.IsExternal, context.LocalAs);
    }

    // RFC 6793 section 6: confederation segments in AS4_PATH are skipped, not an error.
    public static UpdateFault As4Path(ReadOnlySpan<byte> value, in UpdateContext context) =>
        value.IsEmpty ? UpdateFault.AttributeLength
        : Segments(value, 4, acceptsConfederation: true, context.LocalAs);

    public static UpdateFault NextHop(ReadOnlySpan<byte> value, in UpdateContext context) =>
        value.Length != sizeof(uint) ? UpdateFault.AttributeLength
        : NextHopAddress.IsUsable(value) ? UpdateFault.None
        : UpdateFault.UnusableNextHop;

    public static UpdateFault Aggregator(ReadOnlySpan<byte> value, in UpdateContext context)
    {
        var asLength = context.FourOctetAs ? 4 : 2;
        if (value.Length != asLength + sizeof(uint))
            return UpdateFault.AttributeLength;
        return ReadAs(value, asLength) == 0 ? UpdateFault.AsZero : UpdateFault.None;
    }

    public static UpdateFault As4Aggregator(ReadOnlySpan<byte> value, in UpdateContext context) =>
        value.Length != 2 * sizeof(uint) ? UpdateFault.AttributeLength
        : ReadAs(value, 4) == 0 ? UpdateFault.AsZero
        : UpdateFault.None;

    public static UpdateFault MpReach(ReadOnlySpan<byte> value, in UpdateContext context) =>
        MpNlri.ParseReach(value, context, out _);

    public static UpdateFault MpUnreach(ReadOnlySpan<byte> value, in UpdateContext context) =>
        MpNlri.ParseUnreach(value, context, out _);

    public static UpdateFault Empty(ReadOnlySpan<byte> value, in UpdateContext context) =>
        value.IsEmpty ? UpdateFault.None : UpdateFault.AttributeLength;

    public static UpdateFault FourOctets(ReadOnlySpan<byte> value, in UpdateContext context) =>
        value.Length == 4 ? UpdateFault.None : UpdateFault.AttributeLength;

    public static UpdateFault FourOctetList(ReadOnlySpan<byte> value, in UpdateContext context) =>
        ListOf(4, value);

    public static UpdateFault EightOctetList(ReadOnlySpan<byte> value, in UpdateContext context) =>
        ListOf(8, value);

    public static UpdateFault TwelveOctetList(ReadOnlySpan<byte> value, in UpdateContext context) =>
        ListOf(12, value);

    // RFC 9234 section 5: a customer or a client of our route server must not hand such a route up, and a lateral peer
    // hands on none but its own.
    public static UpdateFault OnlyToCustomer(ReadOnlySpan<byte> value, in UpdateContext context)
    {
        if (value.Length != sizeof(uint))
            return UpdateFault.AttributeLength;
        var isLeak = context.Role switch
        {
            BgpRole.Provider or BgpRole.RouteServer => true,
            BgpRole.Peer => ReadAs(value, sizeof(uint)) != context.PeerAs,
            _ => false,
        };
        return isLeak ? UpdateFault.RouteLeak : UpdateFault.None;
    }

    /// <summary>Reads an AS number of 2 or 4 octets.</summary>
    public static uint ReadAs(ReadOnlySpan<byte> octets, int asLength) =>
        asLength == 2 ? BinaryPrimitives.ReadUInt16BigEndian(octets) : BinaryPrimitives.ReadUInt32BigEndian(octets);

    // RFC 7606 sections 7.8, 7.10 and 7.14: "a non-zero multiple".
    private static UpdateFault ListOf(int size, ReadOnlySpan<byte> value) =>
        value.IsEmpty || value.Length % size != 0 ? UpdateFault.AttributeLength : UpdateFault.None;

    private static UpdateFault Segments(
        ReadOnlySpan<byte> value, int asLength, bool acceptsConfederation, uint localAs)
    {
        var fault = UpdateFault.None;
        while (!value.IsEmpty)
        {
            // RFC 7606 section 7.2: an unrecognized segment type, a segment overrun or underrun, a length of zero.
            if (value.Length < 2)
                return UpdateFault.MalformedAsPath;
            var type = (SegmentType)value[0];
            var length = value[1] * asLength;
            if (type is < SegmentType.AsSet or > SegmentType.AsConfedSet || length == 0 || length > value.Length - 2)
                return UpdateFault.MalformedAsPath;
            if (!acceptsConfederation && type is SegmentType.AsConfedSequence or SegmentType.AsConfedSet)
                fault = UpdateFault.ConfederationSegment;
            else
                fault = Stronger(fault, Numbers(value.Slice(2, length), asLength, localAs));
            value = value[(length + 2)..];
        }
        return fault;
    }

    private static UpdateFault Numbers(ReadOnlySpan<byte> numbers, int asLength, uint localAs)
    {
        var fault = UpdateFault.None;
        for (; !numbers.IsEmpty; numbers = numbers[asLength..])
        {
            var number = ReadAs(numbers, asLength);
            if (number == 0)
                return UpdateFault.AsZero;
            if (number == localAs)
                fault = UpdateFault.AsLoop;
        }
        return fault;
    }

    // A loop is an excluded route, not an error: any error says more.
    private static UpdateFault Stronger(UpdateFault first, UpdateFault second) =>
        first is UpdateFault.None || (first == UpdateFault.AsLoop && second != UpdateFault.None) ? second : first;
}

using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// Writes UPDATE messages, RFC 4271 section 4.3, header included. IPv4 unicast goes into the classic fields, IPv6
/// unicast into MP_REACH_NLRI and MP_UNREACH_NLRI (RFC 4760); IPv4 unicast with an IPv6 next hop (RFC 8950) is
/// announced in MP_REACH_NLRI and withdrawn in the classic field. Nothing is allocated.
/// </summary>
/// <remarks>
/// <code>
/// header 19 | withdrawn length 2 | withdrawn routes | attributes length 2 | path attributes | NLRI
/// </code>
/// </remarks>
public static class UpdateEncoder
{
    private const int LengthField = 2;
    private const int AttributesAt = MessageSize.Header + LengthField + LengthField;
    private const int FamilyLength = 3;
    private const int AttributeHeaderMaximum = 4;

    /// <summary>Announces as many of <paramref name="prefixes"/>, from the front, as the message can hold.</summary>
    /// <param name="destination">The message may be as long as this: pass at most 4096 octets.</param>
    /// <param name="attributes">Of the family of the prefixes.</param>
    /// <param name="prefixes">All of one family, without duplicates.</param>
    /// <param name="consumed">How many prefixes the message carries.</param>
    /// <returns>The length of the message; 0 when not a single prefix fits.</returns>
    public static int EncodeAnnounce(
        Span<byte> destination, EncodedAttributes attributes, ReadOnlySpan<Prefix> prefixes, out int consumed)
    {
        var octets = attributes.Octets;
        if (attributes.IsMultiprotocol)
            return EncodeReach(destination, attributes, prefixes, out consumed);

        var nlriAt = AttributesAt + octets.Length;
        var nlriLength = Fit(prefixes, destination.Length - nlriAt, out consumed);
        if (consumed == 0)
            return 0;
        var message = destination[..(nlriAt + nlriLength)];
        WriteLengths(message, withdrawn: 0, attributes: octets.Length);
        octets.CopyTo(message[AttributesAt..]);
        WriteNlri(message[nlriAt..], prefixes[..consumed]);
        return message.Length;
    }

    /// <summary>Withdraws as many of <paramref name="prefixes"/>, from the front, as the message can hold.</summary>
    /// <param name="destination">The message may be as long as this: pass at most 4096 octets.</param>
    /// <param name="family">IPv4 or IPv6 unicast.</param>
    /// <param name="prefixes">All of that family, without duplicates.</param>
    /// <param name="consumed">How many prefixes the message carries.</param>
    /// <returns>The length of the message; 0 when not a single prefix fits.</returns>
    public static int EncodeWithdraw(
        Span<byte> destination, Family family, ReadOnlySpan<Prefix> prefixes, out int consumed)
    {
        if (family == Family.IPv6Unicast)
            return EncodeUnreach(destination, prefixes, out consumed);

        var withdrawnLength = Fit(prefixes, destination.Length - AttributesAt, out consumed);
        if (consumed == 0)
            return 0;
        var message = destination[..(AttributesAt + withdrawnLength)];
        WriteLengths(message, withdrawnLength, attributes: 0);
        WriteNlri(message[(MessageSize.Header + LengthField)..], prefixes[..consumed]);
        return message.Length;
    }

    /// <summary>
    /// End-of-RIB, RFC 4724 section 2: an UPDATE without anything for IPv4 unicast, an empty MP_UNREACH_NLRI for
    /// IPv6 unicast.
    /// </summary>
    /// <returns>The length of the message: at most 29 octets.</returns>
    public static int EncodeEndOfRib(Span<byte> destination, Family family)
    {
        if (family == Family.IPv6Unicast)
            return WriteUnreach(destination, nlriLength: 0, []);
        var message = destination[..AttributesAt];
        WriteLengths(message, withdrawn: 0, attributes: 0);
        return message.Length;
    }

    // RFC 4760 section 3. RFC 7606 section 5.1: "the MP_REACH_NLRI or MP_UNREACH_NLRI attribute (if present) SHALL be
    // encoded as the very first path attribute in an UPDATE message".
    private static int EncodeReach(
        Span<byte> destination, EncodedAttributes attributes, ReadOnlySpan<Prefix> prefixes, out int consumed)
    {
        var nextHop = attributes.NextHop;
        var fixedLength = FamilyLength + 1 + nextHop.Length + 1;
        var room = destination.Length - AttributesAt - AttributeHeaderMaximum - fixedLength - attributes.Octets.Length;
        var nlriLength = Fit(prefixes, room, out consumed);
        if (consumed == 0)
            return 0;

        var valueLength = fixedLength + nlriLength;
        var valueAt = AttributesAt + AttributeHeaderLength(valueLength);
        var message = destination[..(valueAt + valueLength + attributes.Octets.Length)];
        WriteLengths(message, withdrawn: 0, attributes: message.Length - AttributesAt);
        WriteAttributeHeader(message[AttributesAt..], AttributeCode.MpReachNlri, valueLength);
        var value = message[valueAt..];
        WriteFamily(value, attributes.Family);
        value[FamilyLength] = (byte)nextHop.Length;
        nextHop.CopyTo(value[(FamilyLength + 1)..]);
        value[fixedLength - 1] = 0;
        WriteNlri(value[fixedLength..], prefixes[..consumed]);
        attributes.Octets.CopyTo(value[valueLength..]);
        return message.Length;
    }

    // RFC 4760 section 4: no other attribute is needed.
    private static int EncodeUnreach(Span<byte> destination, ReadOnlySpan<Prefix> prefixes, out int consumed)
    {
        var room = destination.Length - AttributesAt - AttributeHeaderMaximum - FamilyLength;
        var nlriLength = Fit(prefixes, room, out consumed);
        return consumed == 0 ? 0 : WriteUnreach(destination, nlriLength, prefixes[..consumed]);
    }

    private static int WriteUnreach(Span<byte> destination, int nlriLength, ReadOnlySpan<Prefix> prefixes)
    {
        var valueLength = FamilyLength + nlriLength;
        var valueAt = AttributesAt + AttributeHeaderLength(valueLength);
        var message = destination[..(valueAt + valueLength)];
        WriteLengths(message, withdrawn: 0, attributes: message.Length - AttributesAt);
        WriteAttributeHeader(message[AttributesAt..], AttributeCode.MpUnreachNlri, valueLength);
        WriteFamily(message[valueAt..], Family.IPv6Unicast);
        WriteNlri(message[(valueAt + FamilyLength)..], prefixes);
        return message.Length;
    }

    private static void WriteLengths(Span<byte> message, int withdrawn, int attributes)
    {
        MessageEncoder.WriteHeader(message, MessageType.Update);
        BinaryPrimitives.WriteUInt16BigEndian(message[MessageSize.Header..], (ushort)withdrawn);
        var attributesLengthAt = MessageSize.Header + LengthField + withdrawn;
        BinaryPrimitives.WriteUInt16BigEndian(message[attributesLengthAt..], (ushort)attributes);
    }

    private static int AttributeHeaderLength(int valueLength) => valueLength > byte.MaxValue ? 4 : 3;

    // MP_REACH_NLRI and MP_UNREACH_NLRI are optional and non-transitive.
    private static void WriteAttributeHeader(Span<byte> destination, AttributeCode code, int valueLength)
    {
        var extended = valueLength > byte.MaxValue;
        destination[0] = (byte)(AttributeFlags.Optional | (extended ? AttributeFlags.ExtendedLength : 0));
        destination[1] = (byte)code;
        if (extended)
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)valueLength);
        else
            destination[2] = (byte)valueLength;
    }

    private static void WriteFamily(Span<byte> destination, Family family)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, family.Afi);
        destination[2] = family.Safi;
    }

    private static void WriteNlri(Span<byte> destination, ReadOnlySpan<Prefix> prefixes)
    {
        var at = 0;
        foreach (ref readonly var prefix in prefixes)
            at += prefix.WriteNlri(destination[at..]);
    }

    // Octets of NLRI that the first `count` prefixes take within `room`.
    private static int Fit(ReadOnlySpan<Prefix> prefixes, int room, out int count)
    {
        var length = 0;
        for (count = 0; count < prefixes.Length; count++)
        {
            var next = length + 1 + prefixes[count].NlriAddressOctets;
            if (next > room)
                break;
            length = next;
        }
        return length;
    }
}

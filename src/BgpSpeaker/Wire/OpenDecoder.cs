using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// Decodes OPEN and judges its structure, RFC 4271 section 6.2:
/// <code>
/// | header 19 | version 1 | My AS 2 | hold time 2 | BGP identifier 4 | parameters' length 1 | parameters |
/// parameter:  | type 1 | length 1 | value |        capability: | code 1 | length 1 | value |
/// RFC 9072:   parameters' length ≠ 0, then | 255 | length 2 | parameters with a length of 2 octets each |
/// </code>
/// Whether AS, identifier, hold time and families are acceptable is the session's to judge.
/// </summary>
public static class OpenDecoder
{
    /// <summary>Decodes one message.</summary>
    /// <param name="message">The whole message, header included, as the framer cut it.</param>
    /// <param name="open">The content, or null.</param>
    /// <param name="error">The NOTIFICATION owed when there is none: N1/2, N2/0, N2/1, N2/2 or N2/4.</param>
    public static bool TryDecode(
        ReadOnlySpan<byte> message,
        [NotNullWhen(true)] out OpenMessage? open,
        [NotNullWhen(false)] out Notification? error)
    {
        open = null;
        error = Decode(message, ref open);
        return error is null && open is not null;
    }

    private static Notification? Decode(ReadOnlySpan<byte> message, ref OpenMessage? open)
    {
        var cursor = new WireCursor(message);
        if (!cursor.TryTake(MessageSize.Header, out _))
            return Malformed();
        if (!cursor.TryReadByte(out var version))
            return Framer.BadLength(message);
        // RFC 4271 section 6.2: "The Data field is a 2-octet unsigned integer, which indicates the largest,
        // locally-supported version number".
        if (version != OpenMessage.Version)
            return Error(OpenMessageError.UnsupportedVersionNumber, [0, OpenMessage.Version]);
        if (!cursor.TryReadUInt16(out var myAs) || !cursor.TryReadUInt16(out var holdTime)
            || !cursor.TryReadUInt32(out var identifier) || !cursor.TryReadByte(out var parametersLength))
            return Framer.BadLength(message);

        var capabilities = new List<Capability>();
        if (DecodeParameters(cursor.Rest, parametersLength, capabilities) is { } error)
            return error;
        if (HasContradictingAs(capabilities))
            return Error(OpenMessageError.BadPeerAs);
        open = new OpenMessage(myAs, holdTime, identifier, capabilities.ToValueList());
        return null;
    }

    private static Notification? DecodeParameters(
        ReadOnlySpan<byte> octets, int declaredLength, List<Capability> capabilities)
    {
        var cursor = new WireCursor(octets);
        // RFC 9072 section 2: the length octet "MUST be ignored on reception once the use of the extended format is
        // determined positively by inspection of the (Non-Ext) OP Type field", but 0 announces no parameters at all.
        var isExtended = declaredLength != 0 && octets is [OptionalParameterType.ExtendedLength, ..];
        if (isExtended)
        {
            if (!cursor.TryReadByte(out _) || !cursor.TryReadUInt16(out var extendedLength))
                return Malformed();
            declaredLength = extendedLength;
        }
        if (cursor.Remaining != declaredLength)
            return Malformed();

        while (cursor.Remaining > 0)
        {
            if (!cursor.TryReadByte(out var type) || !TryReadLength(ref cursor, isExtended, out var length)
                || !cursor.TryTakeChild(length, out var value))
                return Malformed();
            if (type != OptionalParameterType.Capabilities)
                return Error(OpenMessageError.UnsupportedOptionalParameter);
            if (DecodeCapabilities(value, capabilities) is { } error)
                return error;
        }
        return null;
    }

    private static bool TryReadLength(ref WireCursor cursor, bool isExtended, out int length)
    {
        if (isExtended)
        {
            var hasTwo = cursor.TryReadUInt16(out var twoOctets);
            length = twoOctets;
            return hasTwo;
        }
        var hasOne = cursor.TryReadByte(out var oneOctet);
        length = oneOctet;
        return hasOne;
    }

    private static Notification? DecodeCapabilities(WireCursor cursor, List<Capability> capabilities)
    {
        while (cursor.Remaining > 0)
        {
            if (!cursor.TryReadByte(out var code) || !cursor.TryReadByte(out var length)
                || !cursor.TryTake(length, out var value))
                return Malformed();
            if (code == CapabilityCode.FourOctetAs && length != sizeof(uint))
                return Malformed();
            capabilities.Add(DecodeCapability(code, value));
        }
        return null;
    }

    // A value that does not parse leaves the capability without effect; only a wrong AS number could do harm.
    private static Capability DecodeCapability(byte code, ReadOnlySpan<byte> value)
    {
        var cursor = new WireCursor(value);
        return code switch
        {
            CapabilityCode.Multiprotocol when value.Length == 4 =>
                new MultiprotocolCapability(new Family((ushort)((value[0] << 8) | value[1]), value[3])),
            CapabilityCode.RouteRefresh when value.IsEmpty => new RouteRefreshCapability(),
            CapabilityCode.ExtendedNextHop when value.Length % 6 == 0 && !value.IsEmpty =>
                new ExtendedNextHopCapability(ReadExtendedNextHops(cursor)),
            CapabilityCode.ExtendedMessage when value.IsEmpty => new ExtendedMessageCapability(),
            CapabilityCode.GracefulRestart when value.Length >= 2 && (value.Length - 2) % 4 == 0 =>
                DecodeGracefulRestart(value),
            CapabilityCode.Role when value.Length == 1 => new RoleCapability((BgpRole)value[0]),
            CapabilityCode.FourOctetAs when cursor.TryReadUInt32(out var number) => new FourOctetAsCapability(number),
            CapabilityCode.AddPath when TryReadAddPath(value, out var families) => new AddPathCapability(families),
            CapabilityCode.EnhancedRouteRefresh when value.IsEmpty => new EnhancedRouteRefreshCapability(),
            CapabilityCode.Fqdn when TryReadName(ref cursor, out var hostName)
                && TryReadName(ref cursor, out var domainName) && cursor.Remaining == 0 =>
                new FqdnCapability(hostName, domainName),
            _ => new UnknownCapability(code, [.. value]),
        };
    }

    // RFC 4724 section 3: four bits of flags, twelve of Restart Time, then AFI (2), SAFI (1), flags (1) per family.
    private static GracefulRestartCapability DecodeGracefulRestart(ReadOnlySpan<byte> value)
    {
        var families = new List<RestartFamily>();
        for (var family = value[2..]; !family.IsEmpty; family = family[4..])
            families.Add(new(new((ushort)((family[0] << 8) | family[1]), family[2]), (family[3] & 0x80) != 0));
        var restartTime = ((value[0] << 8) | value[1]) & GracefulRestartCapability.MaximumRestartTime;
        return new((value[0] & 0x80) != 0, (value[0] & 0x40) != 0, (ushort)restartTime, families.ToValueList());
    }

    private static ValueList<ExtendedNextHop> ReadExtendedNextHops(WireCursor cursor)
    {
        var encodings = new List<ExtendedNextHop>();
        while (cursor.TryReadUInt16(out var afi) & cursor.TryReadUInt16(out var safi)
            & cursor.TryReadUInt16(out var nextHopAfi))
            encodings.Add(new ExtendedNextHop(afi, safi, nextHopAfi));
        return encodings.ToValueList();
    }

    // RFC 7911 section 4: with another value of Send/Receive than 1 to 3 the capability "SHOULD be treated as not
    // understood and ignored".
    private static bool TryReadAddPath(ReadOnlySpan<byte> value, out ValueList<AddPathFamily> families)
    {
        const AddPathMode Both = AddPathMode.Receive | AddPathMode.Send;
        const int EntryLength = 4;
        var cursor = new WireCursor(value);
        var read = new List<AddPathFamily>();
        while (cursor.TryReadUInt16(out var afi) && cursor.TryReadByte(out var safi) && cursor.TryReadByte(out var mode)
            && (AddPathMode)mode is >= AddPathMode.Receive and <= Both)
        {
            read.Add(new(new Family(afi, safi), (AddPathMode)mode));
        }
        families = read.ToValueList();
        return value.Length == read.Count * EntryLength;
    }

    private static bool TryReadName(ref WireCursor cursor, out string name)
    {
        var isWhole = cursor.TryReadByte(out var length) & cursor.TryTake(length, out var octets);
        name = Encoding.UTF8.GetString(octets);
        return isWhole;
    }

    private static bool HasContradictingAs(List<Capability> capabilities)
    {
        var numbers = capabilities.OfType<FourOctetAsCapability>().Distinct();
        return numbers.Skip(1).Any();
    }

    private static Notification Malformed() => Error(OpenMessageError.Unspecific);

    private static Notification Error(byte subcode, ValueList<byte> data = default) =>
        new(ErrorCode.OpenMessage, subcode, data);
}

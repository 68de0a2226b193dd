using System.Globalization;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Puts messages into words; for people and tools, not for the session.</summary>
public static class MessageDescriber
{
    /// <summary>
    /// Describes the message at the front of <paramref name="octets"/>. Never throws, whatever the octets are; what
    /// follows the message is left to the next call.
    /// </summary>
    /// <param name="octets">Bytes as a peer sent them.</param>
    /// <param name="context">What the session negotiated, or <see cref="UpdateContext.Assumed"/>.</param>
    /// <param name="isEnhanced">RFC 7313 was negotiated: which NOTIFICATION a bad ROUTE-REFRESH earns.</param>
    public static MessageDescription Describe(
        ReadOnlySpan<byte> octets, in UpdateContext context, bool isEnhanced = true)
    {
        switch (Framer.Next(octets, MessageSize.ExtendedMaximum, out var type, out var length, out var error))
        {
            case FrameStatus.NeedMore:
                return new() { Type = "incomplete", Length = octets.Length };
            case FrameStatus.Error:
                return Faulty("malformed", octets.Length, error!);
            default:
                return Describe(octets[..length], type, context, isEnhanced);
        }
    }

    /// <summary>A message type as RFC 4271 writes it: <c>ROUTE-REFRESH</c>.</summary>
    public static string Name(MessageType type) =>
        type == MessageType.RouteRefresh ? "ROUTE-REFRESH" : type.ToString().ToUpperInvariant();

    private static MessageDescription Describe(
        ReadOnlySpan<byte> message, MessageType type, in UpdateContext context, bool isEnhanced) => type switch
    {
        MessageType.Open => DescribeOpen(message),
        MessageType.Update => DescribeUpdate(message, context),
        MessageType.Notification => DescribeNotification(message),
        MessageType.RouteRefresh => DescribeRouteRefresh(message, isEnhanced),
        _ => new() { Type = Name(type), Length = message.Length },
    };

    private static MessageDescription Faulty(string type, int length, Notification error) => new()
    {
        Type = type,
        Length = length,
        Severity = Severity.SessionReset,
        Fault = NotificationText.Name(error),
        Owed = error,
    };

    private static MessageDescription DescribeOpen(ReadOnlySpan<byte> message)
    {
        var name = Name(MessageType.Open);
        if (!OpenDecoder.TryDecode(message, out var open, out var error))
            return Faulty(name, message.Length, error);
        var capabilities = open.Capabilities.Select(each => new DescribedField("capability", CapabilityText.Of(each)));
        return new()
        {
            Type = name,
            Length = message.Length,
            Fields =
            [
                new("my autonomous system", Number(open.MyAs)),
                new("AS number", Number(open.EffectiveAs)),
                new("hold time", $"{open.HoldTimeSeconds} s"),
                new("BGP identifier", BgpIdentifierText.Of(open.BgpIdentifier)),
                .. capabilities,
            ],
        };
    }

    private static MessageDescription DescribeNotification(ReadOnlySpan<byte> message)
    {
        var name = Name(MessageType.Notification);
        if (!NotificationDecoder.TryDecode(message, out var notification))
            return new() { Type = name, Length = message.Length };
        return new()
        {
            Type = name,
            Length = message.Length,
            Fields =
            [
                new("code", Number((byte)notification.Code)),
                new("subcode", Number(notification.Subcode)),
                new("data", notification.Data.ToString()),
                new("meaning", NotificationText.Describe(notification)),
            ],
        };
    }

    private static MessageDescription DescribeRouteRefresh(ReadOnlySpan<byte> message, bool isEnhanced)
    {
        var name = Name(MessageType.RouteRefresh);
        if (!RouteRefreshDecoder.TryDecode(message, isEnhanced, out var refresh, out var error))
            return Faulty(name, message.Length, error);
        var subtype = refresh.Subtype switch
        {
            RouteRefreshSubtype.Request => "request",
            RouteRefreshSubtype.BeginningOfRouteRefresh => "beginning of route refresh",
            RouteRefreshSubtype.EndOfRouteRefresh => "end of route refresh",
            _ => $"{(byte)refresh.Subtype}, ignored",
        };
        return new()
        {
            Type = name,
            Length = message.Length,
            Fields = [new("family", refresh.Family.ToString()), new("subtype", subtype)],
        };
    }

    private static MessageDescription DescribeUpdate(ReadOnlySpan<byte> message, in UpdateContext context)
    {
        var outcome = UpdateDecoder.Decode(message, context, out var view);
        var endOfRib = outcome.EndOfRib is { } family ? new DescribedField("end of RIB", family.ToString()) : null;
        List<Prefix> withdrawn = [];
        AddPrefixes(withdrawn, new(view.WithdrawnRoutes, isIPv6: false, context.AddPathIPv4));
        AddPrefixes(withdrawn, new(view.MpUnreachNlri, view.MpUnreachIsIPv6, context.HasPathIds(view.MpUnreachIsIPv6)));
        List<Prefix> announced = [];
        AddPrefixes(announced, new(view.Nlri, isIPv6: false, context.AddPathIPv4));
        AddPrefixes(announced, new(view.MpReachNlri, view.MpReachIsIPv6, context.HasPathIds(view.MpReachIsIPv6)));
        return new()
        {
            Type = Name(MessageType.Update),
            Length = message.Length,
            Fields = endOfRib is null ? [] : [endOfRib],
            Attributes = DescribeAttributes(view.Attributes, context),
            Withdrawn = withdrawn.ToValueList(),
            Announced = announced.ToValueList(),
            Severity = outcome.Severity,
            Fault = outcome.Fault == UpdateFault.None ? "" : outcome.Describe(),
            Owed = outcome.Severity == Severity.SessionReset ? outcome.ToNotification(message) : null,
        };
    }

    private static void AddPrefixes(List<Prefix> prefixes, NlriReader reader)
    {
        foreach (var prefix in reader)
            prefixes.Add(prefix);
    }

    private static ValueList<DescribedAttribute> DescribeAttributes(
        ReadOnlySpan<byte> attributes, in UpdateContext context)
    {
        var described = new List<DescribedAttribute>();
        var seen = default(SeenAttributes);
        var reader = new AttributeReader(attributes);
        while (reader.TryNext(out var attribute))
        {
            var fault = AttributeJudge.Judge(ref seen, attribute, context, out var severity);
            var definition = AttributeTable.Find(attribute.Code);
            var value = UpdateFaultTable.IsWellFormed(fault) && definition is not null
                ? definition.Format(attribute.Value, context)
                : Convert.ToHexStringLower(attribute.Value);
            var name = AttributeTable.NameOf(attribute.Code);
            var error = fault == UpdateFault.None ? "" : UpdateFaultTable.Text(fault);
            described.Add(
                new((byte)attribute.Code, name, FlagsText(attribute.Flags), value, severity, error));
        }
        return described.ToValueList();
    }

    private static string FlagsText(AttributeFlags flags)
    {
        var names = Enum.GetValues<AttributeFlags>()
            .Where(flag => flag != AttributeFlags.None && flags.HasFlag(flag))
            .OrderDescending()
            .Select(flag => flag == AttributeFlags.ExtendedLength ? "extended-length" : $"{flag}".ToLowerInvariant());
        var text = string.Join(' ', names);
        return flags.HasFlag(AttributeFlags.Optional) ? text : $"well-known {text}".TrimEnd();
    }

    private static string Number(uint number) => number.ToString(CultureInfo.InvariantCulture);
}

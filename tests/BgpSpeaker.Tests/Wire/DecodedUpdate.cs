using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

/// <summary>An attribute as it stood in a message.</summary>
internal sealed record DecodedAttribute(AttributeFlags Flags, AttributeCode Code, ValueList<byte> Value);

/// <summary>An UPDATE in which our own decoder found nothing wrong.</summary>
internal sealed record DecodedUpdate(
    Prefix[] Announced, Prefix[] Withdrawn, Family? EndOfRib, DecodedAttribute[] Attributes)
{
    /// <summary>Decodes one whole message; fails the test when anything about it is wrong.</summary>
    public static DecodedUpdate Read(ReadOnlySpan<byte> message, bool isExternal = true, bool fourOctetAs = true)
    {
        var status = Framer.Next(message, MessageSize.Maximum, out var type, out var length, out _);
        Assert.Equal((FrameStatus.Message, MessageType.Update, message.Length), (status, type, length));
        var context = new UpdateContext
        {
            FourOctetAs = fourOctetAs,
            IsExternal = isExternal,
            LocalAs = 0,
            IPv4Unicast = true,
            IPv6Unicast = true,
            ExtendedNextHop = true,
        };
        var outcome = UpdateDecoder.Decode(message, context, out var view);
        Assert.Equal("no error", outcome.Describe());

        var announced = new List<Prefix>();
        var withdrawn = new List<Prefix>();
        AddAll(announced, view.Nlri, isIPv6: false);
        AddAll(announced, view.MpReachNlri, view.MpReachIsIPv6);
        AddAll(withdrawn, view.WithdrawnRoutes, isIPv6: false);
        AddAll(withdrawn, view.MpUnreachNlri, view.MpUnreachIsIPv6);
        return new(announced.ToArray(), withdrawn.ToArray(), outcome.EndOfRib, ReadAttributes(view.Attributes));
    }

    private static DecodedAttribute[] ReadAttributes(ReadOnlySpan<byte> octets)
    {
        var attributes = new List<DecodedAttribute>();
        var reader = new AttributeReader(octets);
        while (reader.TryNext(out var attribute))
            attributes.Add(new(attribute.Flags, attribute.Code, [.. attribute.Value]));
        Assert.Equal(0, reader.Leftover.Length);
        return attributes.ToArray();
    }

    private static void AddAll(List<Prefix> prefixes, ReadOnlySpan<byte> nlri, bool isIPv6)
    {
        foreach (var prefix in new NlriReader(nlri, isIPv6))
            prefixes.Add(prefix);
    }
}

using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Tests.Rib;
using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Peering;

/// <summary>Which next hop a session gives its prefixes.</summary>
public sealed class NextHopTests
{
    private const string LinkLocal = "fe80::2%7";
    private const string LinkLocalOctets = "fe800000000000000000000000000002";
    private const string GlobalOctets = "20010db8000000000000000000000002";

    private static readonly PeerSettings Settings = new()
    {
        LocalAs = 65001,
        PeerAs = 65100,
        BgpIdentifier = 0x0a000102,
        Families = [Family.IPv4Unicast, Family.IPv6Unicast],
        ExtendedNextHop = true,
    };

    // Our end; addresses of its interface; configured next hops; whether the peer has RFC 8950; IPv4 and IPv6 next hop
    // on the wire.
    public static TheoryData<string, string?, string?, string?, string?, bool, string?, string?> Sessions => new()
    {
        { "10.0.0.2", "10.0.0.2", "2001:db8::2", null, null, true, "0a000002", GlobalOctets },
        { "2001:db8::2", "10.0.0.2", "2001:db8::2", null, null, true, GlobalOctets, GlobalOctets },
        { "2001:db8::2", "10.0.0.2", "2001:db8::2", null, null, false, "0a000002", GlobalOctets },
        { "2001:db8::2", null, "2001:db8::2", "10.9.9.9", null, true, "0a090909", GlobalOctets },
        {
            LinkLocal, null, null, null, null, true, LinkLocalOctets + LinkLocalOctets,
            LinkLocalOctets + LinkLocalOctets
        },
        { LinkLocal, null, null, null, null, false, null, LinkLocalOctets + LinkLocalOctets },
        {
            LinkLocal, null, "2001:db8::2", null, null, true, GlobalOctets + LinkLocalOctets,
            GlobalOctets + LinkLocalOctets
        },
        { LinkLocal, null, null, null, "2001:db8::2", true, GlobalOctets, GlobalOctets },
    };

    [Theory]
    [MemberData(nameof(Sessions))]
    public void Next_hops_on_the_wire_are(
        string local, string? interfaceIPv4, string? interfaceIPv6, string? configuredIPv4, string? configuredIPv6,
        bool offered, string? expectedIPv4, string? expectedIPv6)
    {
        var profile = new PeerProfile(
            "tor1", Settings, Address(configuredIPv4), Address(configuredIPv6), RouteAttributes.None);
        var end = new LocalEnd(
            Address(local)!, IPAddress.IPv6Any, Address(interfaceIPv4), Address(interfaceIPv6));

        var updates = Announce(profile, end, offered);

        Assert.Equal(expectedIPv4, NextHopOf(updates, isIPv6: false));
        Assert.Equal(expectedIPv6, NextHopOf(updates, isIPv6: true));
    }

    private static List<DecodedUpdate> Announce(PeerProfile profile, LocalEnd end, bool offered)
    {
        var engine = new PeerEngine(profile, seed: 1, TimeSpan.Zero);
        engine.SetDesired(Routes.Set(1, Routes.Route("203.0.113.50/32"), Routes.Route("2001:db8::50/128")));
        engine.Handle(new ManualStart(), TimeSpan.Zero);
        var connection = engine.Accepted(end, TimeSpan.Zero);
        engine.Received(connection, OpenEncoder.Encode(PeerOpen(offered)), TimeSpan.Zero);
        var buffer = new byte[MessageSize.Maximum];
        engine.Received(connection, buffer.AsSpan(0, MessageEncoder.EncodeKeepAlive(buffer)), TimeSpan.Zero);

        var updates = new List<DecodedUpdate>();
        while (engine.TakeOutput(connection, buffer, TimeSpan.Zero) is > 0 and var count)
            updates.AddRange(UpdatesIn(buffer.AsSpan(0, count)));
        return updates;
    }

    private static OpenMessage PeerOpen(bool offered)
    {
        List<Capability> capabilities =
        [
            new MultiprotocolCapability(Family.IPv4Unicast), new MultiprotocolCapability(Family.IPv6Unicast),
            new FourOctetAsCapability(65100),
        ];
        if (offered)
            capabilities.Add(new ExtendedNextHopCapability([ExtendedNextHop.IPv4OverIPv6]));
        return new OpenMessage(65100, 90, 0x0a000101, capabilities.ToValueList());
    }

    private static List<DecodedUpdate> UpdatesIn(ReadOnlySpan<byte> octets)
    {
        var updates = new List<DecodedUpdate>();
        while (Framer.Next(octets, MessageSize.Maximum, out var type, out var length, out _) == FrameStatus.Message)
        {
            if (type == MessageType.Update)
                updates.Add(DecodedUpdate.Read(octets[..length]));
            octets = octets[length..];
        }
        return updates;
    }

    private static string? NextHopOf(List<DecodedUpdate> updates, bool isIPv6)
    {
        var update = updates.SingleOrDefault(update => update.Announced.Any(prefix => prefix.IsIPv6 == isIPv6));
        var attribute = update?.Attributes.Single(
            attribute => attribute.Code is AttributeCode.NextHop or AttributeCode.MpReachNlri);
        if (attribute is null)
            return null;
        var value = attribute.Value.AsSpan();
        return Convert.ToHexStringLower(
            attribute.Code == AttributeCode.NextHop ? value : value.Slice(4, value[3]));
    }

    private static IPAddress? Address(string? text) => text is null ? null : IPAddress.Parse(text);
}

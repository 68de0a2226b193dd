using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Netlink;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>The rtnetlink messages about default routes of the main table (rtnetlink(7)). Pure.</summary>
internal static class RouteMessages
{
    private const ushort NewRoute = 24;
    private const ushort DeleteRoute = 25;
    private const ushort GetRoute = 26;

    // NLM_F_*.
    private const ushort IsRequest = 1;
    private const ushort WantsAck = 4;
    private const ushort Replaces = 0x100;
    private const ushort Excludes = 0x200;
    private const ushort Dumps = 0x300;
    private const ushort Creates = 0x400;

    // struct rtmsg: family, both prefix lengths, TOS, table, protocol, scope and type of one octet each, flags of four.
    private const int BodyOctets = 12;
    private const byte MainTable = 254;
    private const byte UnicastType = 1;
    // RT_SCOPE_NOWHERE: whatever its scope is.
    private const byte AnyScope = 255;
    // RTM_F_CLONED: not a route but one that was resolved.
    private const uint Cloned = 0x200;
    // struct rtnexthop: length 2, flags 1, hops 1, interface 4; attributes follow.
    private const int HopOctets = 8;

    private const ushort AttributeInterface = 4;
    private const ushort AttributeGateway = 5;
    private const ushort AttributePriority = 6;
    private const ushort AttributeMultipath = 9;
    private const ushort AttributeVia = 18;

    /// <summary>Asks for all routes of a family.</summary>
    public static byte[] Dump(uint sequence, bool isIPv6)
    {
        var body = new byte[BodyOctets];
        body[0] = FamilyOf(isIPv6);
        return NetlinkCodec.Request(GetRoute, IsRequest | Dumps, sequence, body);
    }

    /// <summary>Installs a route, or replaces the one of its family and metric.</summary>
    public static byte[] Install(uint sequence, KernelRoute route, bool replaces)
    {
        var flags = IsRequest | WantsAck | Creates | (replaces ? Replaces : Excludes);
        (ushort, byte[])[] attributes = route.Hops.Count == 1
            ? [Priority(route), .. HopAttributes(route, route.Hops[0], withInterface: true)]
            : [Priority(route), (AttributeMultipath, [.. route.Hops.SelectMany(hop => Hop(route, hop))])];
        return NetlinkCodec.Request(NewRoute, (ushort)flags, sequence, Body(route), attributes);
    }

    /// <summary>Removes a route of ours; ESRCH when it is gone.</summary>
    public static byte[] Remove(uint sequence, KernelRoute route)
    {
        var body = Body(route);
        body[6] = AnyScope;
        return NetlinkCodec.Request(DeleteRoute, IsRequest | WantsAck, sequence, body, Priority(route));
    }

    /// <summary>Reads a default route of the main table; null for any other message.</summary>
    public static KernelRoute? Read(NetlinkMessage message)
    {
        var body = message.Body.Span;
        if (message.Type != NewRoute || body.Length < BodyOctets || body[1] != 0 || body[4] != MainTable
            || body[7] != UnicastType || (NetlinkCodec.Read<uint>(body[8..]) & Cloned) != 0)
            return null;
        var attributes = body[BodyOctets..];
        var priority = NetlinkCodec.Attribute(attributes, AttributePriority);
        var hops = new List<RouteHop>();
        var multipath = NetlinkCodec.Attribute(attributes, AttributeMultipath);
        if (multipath.IsEmpty)
        {
            var index = NetlinkCodec.Attribute(attributes, AttributeInterface);
            hops.Add(ReadHop(attributes, index.IsEmpty ? 0 : NetlinkCodec.Read<int>(index)));
        }
        while (multipath.Length >= HopOctets)
        {
            var length = NetlinkCodec.Read<ushort>(multipath);
            if (length < HopOctets || length > multipath.Length)
                break;
            hops.Add(ReadHop(multipath[HopOctets..length], NetlinkCodec.Read<int>(multipath[4..])));
            multipath = multipath[Math.Min(NetlinkCodec.Align(length), multipath.Length)..];
        }
        return new KernelRoute(
            body[0] == FamilyOf(isIPv6: true), priority.IsEmpty ? 0 : NetlinkCodec.Read<uint>(priority), body[5],
            hops.ToValueList());
    }

    // A route without a gateway leads to whoever is on the link.
    private static RouteHop ReadHop(ReadOnlySpan<byte> attributes, int index)
    {
        var gateway = NetlinkCodec.Attribute(attributes, AttributeGateway);
        // struct rtvia: the family in two octets, then the address.
        var via = NetlinkCodec.Attribute(attributes, AttributeVia);
        var address = via.Length > 2 ? via[2..] : gateway;
        return new RouteHop(address.Length is 4 or 16 ? new IPAddress(address) : IPAddress.Any, index);
    }

    private static byte[] Hop(KernelRoute route, RouteHop hop)
    {
        var attributes = HopAttributes(route, hop, withInterface: false)
            .SelectMany(attribute => Attribute(attribute.Type, attribute.Value)).ToArray();
        var octets = new byte[HopOctets + attributes.Length];
        MemoryMarshal.Write(octets, (ushort)octets.Length);
        MemoryMarshal.Write(octets.AsSpan(4), hop.Interface);
        attributes.CopyTo(octets.AsSpan(HopOctets));
        return octets;
    }

    private static IEnumerable<(ushort Type, byte[] Value)> HopAttributes(
        KernelRoute route, RouteHop hop, bool withInterface)
    {
        var address = hop.Address.GetAddressBytes();
        var isIPv6 = hop.Address.AddressFamily == AddressFamily.InterNetworkV6;
        yield return isIPv6 == route.IsIPv6
            ? (AttributeGateway, address)
            : (AttributeVia, [.. BitConverter.GetBytes((ushort)FamilyOf(isIPv6)), .. address]);
        if (withInterface && hop.Interface != 0)
            yield return (AttributeInterface, BitConverter.GetBytes(hop.Interface));
    }

    private static byte[] Attribute(ushort type, byte[] value)
    {
        const int Header = 4;
        var octets = new byte[NetlinkCodec.Align(Header + value.Length)];
        MemoryMarshal.Write(octets, (ushort)(Header + value.Length));
        MemoryMarshal.Write(octets.AsSpan(2), type);
        value.CopyTo(octets.AsSpan(Header));
        return octets;
    }

    private static (ushort Type, byte[] Value) Priority(KernelRoute route) =>
        (AttributePriority, BitConverter.GetBytes(route.Metric));

    private static byte[] Body(KernelRoute route)
    {
        var body = new byte[BodyOctets];
        body[0] = FamilyOf(route.IsIPv6);
        body[4] = MainTable;
        body[5] = route.Protocol;
        body[7] = UnicastType;
        return body;
    }

    private static byte FamilyOf(bool isIPv6) => (byte)(isIPv6 ? 10 : 2);
}

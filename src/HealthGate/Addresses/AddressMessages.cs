using System.Net;
using System.Net.Sockets;
using System.Text;
using AnycastVip.Netlink;

namespace AnycastVip.HealthGate.Addresses;

/// <summary>The rtnetlink messages about addresses and interfaces (rtnetlink(7), linux/if_addr.h). Pure.</summary>
internal static class AddressMessages
{
    public const ushort NewLink = 16;
    public const ushort NewAddress = 20;
    public const ushort DeleteAddress = 21;
    /// <summary>RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR: notifications of every change of an address.</summary>
    public const uint AddressGroups = 0x10 | 0x100;

    private const ushort GetLink = 18;
    private const ushort GetAddress = 22;

    // NLM_F_*.
    private const ushort IsRequest = 1;
    private const ushort WantsAck = 4;
    private const ushort Excludes = 0x200;
    private const ushort Dumps = 0x300;
    private const ushort Creates = 0x400;

    // struct ifaddrmsg: family, prefix length, flags and scope of one octet each, and the interface's index.
    private const int AddressBodyOctets = 8;
    // struct ifinfomsg: family, type, index, flags, change mask.
    private const int LinkBodyOctets = 16;
    private const byte InterNetwork = 2;
    private const byte InterNetworkV6 = 10;

    private const ushort IfaAddress = 1;
    private const ushort IfaLocal = 2;
    private const ushort IfaCacheInfo = 6;
    private const ushort IfaProto = 11;
    private const ushort IflaIfName = 3;

    private const byte FlagNoDad = 0x02;
    private const byte ScopeUniverse = 0;
    private const byte ScopeHost = 254;

    /// <summary>Asks for all addresses of the node.</summary>
    public static byte[] Dump(uint sequence) =>
        NetlinkCodec.Request(GetAddress, IsRequest | Dumps, sequence, new byte[AddressBodyOctets]);

    /// <summary>Asks for the interface of that name.</summary>
    public static byte[] FindLink(uint sequence, string name) =>
        NetlinkCodec.Request(GetLink, IsRequest | WantsAck, sequence, new byte[LinkBodyOctets],
            (IflaIfName, [.. Encoding.UTF8.GetBytes(name), 0]));

    /// <summary>Asks for the interface of that index.</summary>
    public static byte[] FindLink(uint sequence, int index)
    {
        var body = new byte[LinkBodyOctets];
        BitConverter.TryWriteBytes(body.AsSpan(4), index);
        return NetlinkCodec.Request(GetLink, IsRequest | WantsAck, sequence, body);
    }

    /// <summary>Adds an address, marked as ours; EEXIST when it is there already.</summary>
    public static byte[] Add(uint sequence, int interfaceIndex, IPAddress address)
    {
        // Lifetimes are for IPv6: preferred 0 keeps the kernel from choosing the VIP as a source address of the node's
        // own connections (RFC 6724 section 5 rule 3), valid for ever. The two stamps after them are the kernel's.
        var lifetimes = new byte[16];
        lifetimes.AsSpan(4, 4).Fill(0xFF);
        (ushort, byte[])[] attributes =
        [
            (IfaLocal, address.GetAddressBytes()),
            (IfaAddress, address.GetAddressBytes()),
            .. IsV6(address) ? new[] { (IfaCacheInfo, lifetimes) } : [],
            (IfaProto, [InterfaceAddress.OwnProtocol]),
        ];
        return NetlinkCodec.Request(
            NewAddress, IsRequest | WantsAck | Creates | Excludes, sequence, Body(interfaceIndex, address), attributes);
    }

    /// <summary>Removes an address; EADDRNOTAVAIL when it is not there.</summary>
    public static byte[] Remove(uint sequence, int interfaceIndex, IPAddress address) =>
        NetlinkCodec.Request(DeleteAddress, IsRequest | WantsAck, sequence, Body(interfaceIndex, address),
            (IfaLocal, address.GetAddressBytes()), (IfaAddress, address.GetAddressBytes()));

    /// <summary>Reads an RTM_NEWADDR or RTM_DELADDR message; null for any other and for a broken one.</summary>
    public static InterfaceAddress? ReadAddress(NetlinkMessage message)
    {
        var body = message.Body.Span;
        if (message.Type is not (NewAddress or DeleteAddress) || body.Length < AddressBodyOctets)
            return null;
        var attributes = body[AddressBodyOctets..];
        // On a point-to-point interface IFA_ADDRESS is the other end, and IFA_LOCAL ours.
        var address = NetlinkCodec.Attribute(attributes, IfaLocal);
        if (address.IsEmpty)
            address = NetlinkCodec.Attribute(attributes, IfaAddress);
        if (address.Length != (body[0] == InterNetwork ? 4 : 16))
            return null;
        var protocol = NetlinkCodec.Attribute(attributes, IfaProto);
        return new InterfaceAddress(
            NetlinkCodec.Read<int>(body[4..]), new IPAddress(address), body[1],
            protocol.IsEmpty ? (byte)0 : protocol[0]);
    }

    /// <summary>Reads an RTM_NEWLINK message; null for any other and for a broken one.</summary>
    public static (int Index, string Name)? ReadLink(NetlinkMessage message)
    {
        var body = message.Body.Span;
        if (message.Type != NewLink || body.Length < LinkBodyOctets)
            return null;
        var name = NetlinkCodec.Attribute(body[LinkBodyOctets..], IflaIfName);
        return (NetlinkCodec.Read<int>(body[4..]), Encoding.UTF8.GetString(name.TrimEnd((byte)0)));
    }

    private static byte[] Body(int interfaceIndex, IPAddress address)
    {
        var body = new byte[AddressBodyOctets];
        body[0] = IsV6(address) ? InterNetworkV6 : InterNetwork;
        body[1] = (byte)InterfaceAddress.HostLength(address);
        // Duplicate address detection would find the other nodes of the site (RFC 4862 section 5.4).
        body[2] = IsV6(address) ? FlagNoDad : (byte)0;
        // IPv4 knows no preferred lifetime; scope host does the same for it: never a source by the kernel's choice.
        body[3] = IsV6(address) ? ScopeUniverse : ScopeHost;
        BitConverter.TryWriteBytes(body.AsSpan(4), interfaceIndex);
        return body;
    }

    private static bool IsV6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;
}

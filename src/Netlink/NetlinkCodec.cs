using System.Runtime.InteropServices;
using System.Text;

namespace AnycastVip.Netlink;

/// <summary>One message of a netlink datagram (netlink(7)).</summary>
/// <param name="Type">nlmsg_type.</param>
/// <param name="Flags">nlmsg_flags.</param>
/// <param name="Sequence">nlmsg_seq: that of the request it answers; 0 for a notification.</param>
/// <param name="Body">What follows the header.</param>
public readonly record struct NetlinkMessage(
    ushort Type, ushort Flags, uint Sequence, ReadOnlyMemory<byte> Body)
{
    /// <summary>NLMSG_ERROR: the answer's end, with an errno; 0 for success.</summary>
    public const ushort Error = 2;

    /// <summary>NLMSG_DONE: the end of a dump.</summary>
    public const ushort Done = 3;

    /// <summary>NLM_F_DUMP_INTR: something changed during the dump.</summary>
    public const ushort DumpInterrupted = 0x10;

    // NLM_F_ACK_TLVS: attributes follow the error's header.
    private const ushort HasAckAttributes = 0x200;
    private const ushort CappedAck = 0x100;
    private const ushort MessageAttribute = 1;

    /// <summary>Splits a datagram. The kernel never sends a broken one; what is broken ends the list.</summary>
    public static IEnumerable<NetlinkMessage> Split(ReadOnlyMemory<byte> datagram)
    {
        while (datagram.Length >= NetlinkCodec.HeaderOctets)
        {
            var length = NetlinkCodec.Read<uint>(datagram.Span);
            if (length < NetlinkCodec.HeaderOctets || length > datagram.Length)
                yield break;
            yield return new NetlinkMessage(
                NetlinkCodec.Read<ushort>(datagram.Span[4..]), NetlinkCodec.Read<ushort>(datagram.Span[6..]),
                NetlinkCodec.Read<uint>(datagram.Span[8..]), datagram[NetlinkCodec.HeaderOctets..(int)length]);
            datagram = datagram[Math.Min(NetlinkCodec.Align((int)length), datagram.Length)..];
        }
    }

    /// <summary>The errno of an Error or Done message; 0 when the request succeeded.</summary>
    public int ErrorNumber => Body.Length < 4 ? 0 : -NetlinkCodec.Read<int>(Body.Span);

    /// <summary>The kernel's own words about an error (NLMSGERR_ATTR_MSG); empty when it has none.</summary>
    public string ErrorText()
    {
        const int requestOffset = 4;
        if ((Flags & HasAckAttributes) == 0 || Body.Length < requestOffset + NetlinkCodec.HeaderOctets)
            return "";
        // A capped acknowledgement quotes the request's header only, another one the whole request.
        var quoted = (Flags & CappedAck) != 0
            ? NetlinkCodec.HeaderOctets
            : NetlinkCodec.Align((int)Math.Min(NetlinkCodec.Read<uint>(Body.Span[requestOffset..]), Body.Length));
        if (requestOffset + quoted > Body.Length)
            return "";
        var text = NetlinkCodec.Attribute(Body.Span[(requestOffset + quoted)..], MessageAttribute);
        return Encoding.UTF8.GetString(text.TrimEnd((byte)0));
    }
}

/// <summary>The parts that every netlink message is made of, in host byte order.</summary>
public static class NetlinkCodec
{
    /// <summary>struct nlmsghdr.</summary>
    public const int HeaderOctets = 16;

    // NLMSG_ALIGNTO and RTA_ALIGNTO.
    private const int Alignment = 4;
    private const int AttributeHeaderOctets = 4;
    // NLA_F_NESTED and NLA_F_NET_BYTEORDER are not part of the type.
    private const ushort AttributeTypeMask = 0x3FFF;

    /// <summary>The length with its padding.</summary>
    public static int Align(int length) => (length + Alignment - 1) & ~(Alignment - 1);

    /// <summary>The value at the front, in host byte order.</summary>
    public static T Read<T>(ReadOnlySpan<byte> octets) where T : unmanaged => MemoryMarshal.Read<T>(octets);

    /// <summary>The value of the first attribute of that type; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> attributes, ushort type)
    {
        while (attributes.Length >= AttributeHeaderOctets)
        {
            var length = Read<ushort>(attributes);
            if (length < AttributeHeaderOctets || length > attributes.Length)
                break;
            if ((Read<ushort>(attributes[2..]) & AttributeTypeMask) == type)
                return attributes[AttributeHeaderOctets..length];
            attributes = attributes[Math.Min(Align(length), attributes.Length)..];
        }
        return [];
    }

    /// <summary>A request: header, the family's fixed part, attributes.</summary>
    public static byte[] Request(
        ushort type, ushort flags, uint sequence, ReadOnlySpan<byte> body,
        params ReadOnlySpan<(ushort Type, byte[] Value)> attributes)
    {
        var length = HeaderOctets + Align(body.Length);
        foreach (var (_, value) in attributes)
            length += Align(AttributeHeaderOctets + value.Length);
        var message = new byte[length];
        Write(message, (uint)length);
        Write(message.AsSpan(4), type);
        Write(message.AsSpan(6), flags);
        Write(message.AsSpan(8), sequence);
        body.CopyTo(message.AsSpan(HeaderOctets));
        var rest = message.AsSpan(HeaderOctets + Align(body.Length));
        foreach (var (attribute, value) in attributes)
        {
            Write(rest, (ushort)(AttributeHeaderOctets + value.Length));
            Write(rest[2..], attribute);
            value.CopyTo(rest[AttributeHeaderOctets..]);
            rest = rest[Align(AttributeHeaderOctets + value.Length)..];
        }
        return message;
    }

    private static void Write<T>(Span<byte> octets, T value) where T : unmanaged =>
        MemoryMarshal.Write(octets, in value);
}

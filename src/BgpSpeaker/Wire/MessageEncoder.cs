using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Writes messages that carry no routes. Each method returns how many octets the message took.</summary>
public static class MessageEncoder
{
    private const int MarkerLength = 16;

    /// <summary>KEEPALIVE, RFC 4271 section 4.4: a header alone.</summary>
    /// <param name="destination">At least 19 octets.</param>
    public static int EncodeKeepAlive(Span<byte> destination)
    {
        WriteHeader(destination[..MessageSize.Header], MessageType.KeepAlive);
        return MessageSize.Header;
    }

    /// <summary>
    /// NOTIFICATION, RFC 4271 section 4.5. Data that would lead past 4096 octets is cut: RFC 7313 section 5 asks to
    /// quote a whole message, which may be as long as the NOTIFICATION itself may be.
    /// </summary>
    /// <param name="destination">At least 21 octets and the data, or 4096.</param>
    /// <param name="notification">What to say.</param>
    public static int EncodeNotification(Span<byte> destination, Notification notification)
    {
        var data = notification.Data.AsSpan();
        data = data[..Math.Min(data.Length, Notification.MaximumDataLength)];
        var message = destination[..(MessageSize.MinimumNotification + data.Length)];
        WriteHeader(message, MessageType.Notification);
        message[MessageSize.Header] = (byte)notification.Code;
        message[MessageSize.Header + 1] = notification.Subcode;
        data.CopyTo(message[MessageSize.MinimumNotification..]);
        return message.Length;
    }

    /// <summary>ROUTE-REFRESH, RFC 2918 section 3 with the subtype of RFC 7313 section 3.2.</summary>
    /// <param name="destination">At least 23 octets.</param>
    /// <param name="family">Which family is meant.</param>
    /// <param name="subtype">Only a request unless enhanced route refresh was negotiated.</param>
    public static int EncodeRouteRefresh(Span<byte> destination, Family family, RouteRefreshSubtype subtype)
    {
        var message = destination[..MessageSize.RouteRefresh];
        WriteHeader(message, MessageType.RouteRefresh);
        BinaryPrimitives.WriteUInt16BigEndian(message[MessageSize.Header..], family.Afi);
        message[MessageSize.Header + 2] = (byte)subtype;
        message[MessageSize.Header + 3] = family.Safi;
        return message.Length;
    }

    /// <summary>The header, RFC 4271 section 4.1, of a message that fills <paramref name="message"/>.</summary>
    internal static void WriteHeader(Span<byte> message, MessageType type)
    {
        message[..MarkerLength].Fill(0xFF);
        BinaryPrimitives.WriteUInt16BigEndian(message[MarkerLength..], (ushort)message.Length);
        message[MarkerLength + 2] = (byte)type;
    }
}

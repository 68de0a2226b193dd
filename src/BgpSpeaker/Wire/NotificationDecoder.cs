using System.Diagnostics.CodeAnalysis;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Decodes NOTIFICATION, RFC 4271 section 4.5: code, subcode, and the rest of the message as data.</summary>
public static class NotificationDecoder
{
    /// <summary>Decodes one message. Any code and subcode is accepted: it is the peer's last word.</summary>
    /// <param name="message">The whole message, header included, as the framer cut it.</param>
    /// <param name="notification">The content; null when the message is shorter than 21 octets.</param>
    public static bool TryDecode(ReadOnlySpan<byte> message, [NotNullWhen(true)] out Notification? notification)
    {
        var cursor = new WireCursor(message);
        notification = cursor.TryTake(MessageSize.Header, out _)
            && cursor.TryReadByte(out var code) && cursor.TryReadByte(out var subcode)
                ? new Notification((ErrorCode)code, subcode, [.. cursor.Rest])
                : null;
        return notification is not null;
    }
}

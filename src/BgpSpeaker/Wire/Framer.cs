using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>What the front of a byte stream holds.</summary>
public enum FrameStatus
{
    /// <summary>The start of a message that is right so far.</summary>
    NeedMore,

    /// <summary>A whole message.</summary>
    Message,

    /// <summary>Bytes that no message starts with: the stream is lost.</summary>
    Error,
}

/// <summary>
/// Cuts a byte stream into messages, RFC 4271 section 4.1:
/// <code>
/// | marker, 16 octets of ones | length, 2 octets, header included | type, 1 octet | body |
/// </code>
/// Every field is judged as soon as its octets are there, in their order, so the verdict does not depend on how TCP
/// splits the stream. Nothing is consumed: the caller drops <c>length</c> octets after it used a message.
/// </summary>
public static class Framer
{
    private const int MarkerLength = 16;
    private const int TypeOffset = 18;

    /// <summary>Judges the front of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">What came from the peer and was not consumed yet.</param>
    /// <param name="maximumLength">4096, or 65535 when both sides announced RFC 8654.</param>
    /// <param name="type">The message's type; defined for <see cref="FrameStatus.Message"/> only.</param>
    /// <param name="length">The whole message's length; defined for <see cref="FrameStatus.Message"/> only.</param>
    /// <param name="error">The NOTIFICATION owed for <see cref="FrameStatus.Error"/>, else null.</param>
    public static FrameStatus Next(
        ReadOnlySpan<byte> buffer, int maximumLength, out MessageType type, out int length, out Notification? error)
    {
        type = default;
        length = 0;
        error = JudgeHeader(buffer, maximumLength);
        if (error is not null)
            return FrameStatus.Error;
        if (buffer.Length < MessageSize.Header)
            return FrameStatus.NeedMore;
        var declared = DeclaredLength(buffer);
        if (buffer.Length < declared)
            return FrameStatus.NeedMore;
        type = (MessageType)buffer[TypeOffset];
        length = declared;
        return FrameStatus.Message;
    }

    /// <summary>The NOTIFICATION for a message whose length its type forbids; the data is the length field.</summary>
    /// <param name="message">At least the header.</param>
    internal static Notification BadLength(ReadOnlySpan<byte> message) =>
        new(ErrorCode.MessageHeader, MessageHeaderError.BadMessageLength,
            [.. message.Slice(MarkerLength, sizeof(ushort))]);

    private static int DeclaredLength(ReadOnlySpan<byte> buffer) =>
        BinaryPrimitives.ReadUInt16BigEndian(buffer[MarkerLength..]);

    private static Notification? JudgeHeader(ReadOnlySpan<byte> buffer, int maximumLength)
    {
        // RFC 4271 section 6.1: "If the Marker field of the message header is not as expected, then a synchronization
        // error has occurred".
        if (buffer[..Math.Min(buffer.Length, MarkerLength)].ContainsAnyExcept((byte)0xFF))
            return new(ErrorCode.MessageHeader, MessageHeaderError.ConnectionNotSynchronized);
        if (buffer.Length < MarkerLength + sizeof(ushort))
            return null;

        var declared = DeclaredLength(buffer);
        if (declared < MessageSize.Header || declared > maximumLength)
            return BadLength(buffer);
        if (buffer.Length < MessageSize.Header)
            return null;

        var type = (MessageType)buffer[TypeOffset];
        if (type is < MessageType.Open or > MessageType.RouteRefresh)
        {
            return new(ErrorCode.MessageHeader, MessageHeaderError.BadMessageType,
                [.. buffer.Slice(TypeOffset, 1)]);
        }
        return IsLengthAllowed(type, declared) ? null : BadLength(buffer);
    }

    // A wrong ROUTE-REFRESH length has an error code of its own: RouteRefreshDecoder judges it.
    private static bool IsLengthAllowed(MessageType type, int length) => type switch
    {
        // RFC 8654 section 4: OPEN and KEEPALIVE stay within 4096 octets.
        MessageType.Open => length is >= MessageSize.MinimumOpen and <= MessageSize.Maximum,
        MessageType.Update => length >= MessageSize.MinimumUpdate,
        MessageType.Notification => length >= MessageSize.MinimumNotification,
        MessageType.KeepAlive => length == MessageSize.Header,
        _ => true,
    };
}

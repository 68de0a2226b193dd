using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Fuzz.Tests.Grammar;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>NOTIFICATION and ROUTE-REFRESH: what was understood comes back octet for octet.</summary>
internal sealed class ShortMessageTarget : FuzzTarget
{
    private readonly byte[] _buffer = new byte[MessageSize.Maximum];

    public override string Name => "short";

    public override int Share => 8;

    public override long AllocationBound(int inputLength) => 256 * 1024 + (32L * inputLength);

    public override IEnumerable<byte[]> Seeds() => VectorFiles.All
        .Where(vector => vector.Bytes.Length > MessageSize.Header
            && (MessageType)vector.Bytes[18] is MessageType.Notification or MessageType.RouteRefresh)
        .Select(vector => vector.Bytes);

    public override void Repair(List<byte> input) => Messages.Repair(input, 0, type: null);

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var signature = new Signature();
        var status = Framer.Next(input, MessageSize.Maximum, out var type, out var length, out _);
        if (status != FrameStatus.Message)
            return signature.Value;
        signature.Add((int)type);
        var message = input[..length];
        var description = MessageDescriber.Describe(input, UpdateContext.Assumed);
        PromiseBroken.Unless(description.Length == length, "the description is of the whole message");
        if (type == MessageType.Notification)
            CheckNotification(message, ref signature);
        else if (type == MessageType.RouteRefresh)
            CheckRefresh(message, ref signature);
        return signature.Value;
    }

    private void CheckNotification(ReadOnlySpan<byte> message, ref Signature signature)
    {
        PromiseBroken.Unless(NotificationDecoder.TryDecode(message, out var notification), "any content is accepted");
        signature.Add(Math.Min((int)notification!.Code, 8));
        signature.Add(Math.Min(notification.Subcode, (byte)12));
        signature.AddCount(notification.Data.Count);
        var text = NotificationText.Describe(notification);
        PromiseBroken.Unless(!text.Any(char.IsControl), "words for people are printable");
        if (notification.Data.Count > Notification.MaximumDataLength)
            return;
        var written = MessageEncoder.EncodeNotification(_buffer, notification);
        PromiseBroken.Unless(_buffer.AsSpan(0, written).SequenceEqual(message), "it comes back as it went in");
    }

    private void CheckRefresh(ReadOnlySpan<byte> message, ref Signature signature)
    {
        foreach (var isEnhanced in (ReadOnlySpan<bool>)[true, false])
        {
            var isRight = RouteRefreshDecoder.TryDecode(message, isEnhanced, out var refresh, out var error);
            PromiseBroken.Unless(isRight == (error is null), "a refresh, or an error");
            signature.Add(error is null ? Math.Min((int)refresh.Subtype, 3) : -(int)error.Code);
            if (!isRight || !isEnhanced)
                continue;
            var written = MessageEncoder.EncodeRouteRefresh(_buffer, refresh.Family, refresh.Subtype);
            PromiseBroken.Unless(_buffer.AsSpan(0, written).SequenceEqual(message), "it comes back as it went in");
        }
    }
}

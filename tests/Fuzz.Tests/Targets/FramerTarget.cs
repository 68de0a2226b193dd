using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>
/// Framing: the verdict does not depend on how TCP cuts the stream, and every stream is used up or refused.
/// </summary>
internal sealed class FramerTarget : FuzzTarget
{
    public override string Name => "framer";

    public override int Share => 8;

    public override long AllocationBound(int inputLength) => 64 * 1024;

    public override IEnumerable<byte[]> Seeds() => VectorFiles.All.Select(vector => vector.Bytes);

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var rest = input;
        for (var messages = 0; ; messages++)
        {
            var status = Next(rest, out var type, out var length, out var error);
            PromiseBroken.Unless(status == FrameStatus.Error == (error is not null), "an error owes a NOTIFICATION");
            CheckPrefixes(rest, status, length, error);
            if (status != FrameStatus.Message)
            {
                var signature = new Signature();
                signature.Add((int)status);
                signature.Add(error?.Subcode ?? 0);
                signature.AddCount(messages);
                signature.AddCount(rest.Length / MessageSize.Header);
                return signature.Value;
            }
            PromiseBroken.Unless(
                length >= MessageSize.Header && length <= rest.Length, "a message lies within the input");
            rest = rest[length..];
        }
    }

    private static FrameStatus Next(
        ReadOnlySpan<byte> octets, out MessageType type, out int length, out Notification? error) =>
        Framer.Next(octets, MessageSize.Maximum, out type, out length, out error);

    // With fewer octets the answer is "more", or what it is with all of them.
    private static void CheckPrefixes(ReadOnlySpan<byte> octets, FrameStatus whole, int wholeLength, Notification? owed)
    {
        var last = Math.Min(octets.Length, MessageSize.Header + 1);
        var isDecided = false;
        for (var taken = 0; taken < last; taken++)
        {
            var status = Next(octets[..taken], out _, out var length, out var error);
            PromiseBroken.Unless(!isDecided || status == whole, "a verdict stays");
            if (status == FrameStatus.NeedMore)
                continue;
            isDecided = true;
            PromiseBroken.Unless(status == whole && length == wholeLength, "the verdict is that of all octets");
            PromiseBroken.Unless(Equals(error, owed), "the NOTIFICATION is that of all octets");
        }
    }
}

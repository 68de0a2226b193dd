using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Vipctl.Decode;

/// <summary>One message of the input.</summary>
/// <param name="Offset">Where it starts, in octets from the start of the input.</param>
/// <param name="Description">The message in words.</param>
internal sealed record DecodedMessage(int Offset, MessageDescription Description)
{
    /// <summary>Describes the messages that <paramref name="octets"/> hold, one behind the other.</summary>
    public static List<DecodedMessage> All(ReadOnlySpan<byte> octets, UpdateContext context)
    {
        var messages = new List<DecodedMessage>();
        for (var offset = 0; offset < octets.Length; offset += messages[^1].Description.Length)
            messages.Add(new(offset, MessageDescriber.Describe(octets[offset..], context)));
        return messages;
    }
}

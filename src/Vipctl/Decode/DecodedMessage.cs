using System.Net;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Vipctl.Decode;

/// <summary>Where a message of a capture was seen.</summary>
/// <param name="Time">When the capture got its last octet; null when it does not say.</param>
/// <param name="Source">Who sent it.</param>
/// <param name="Destination">To whom.</param>
internal sealed record Origin(DateTimeOffset? Time, IPEndPoint Source, IPEndPoint Destination);

/// <summary>One message of the input.</summary>
/// <param name="Offset">
/// Where it starts, in octets from the start of the input, or of its direction of a connection.
/// </param>
/// <param name="Description">The message in words.</param>
internal sealed record DecodedMessage(long Offset, MessageDescription Description)
{
    /// <summary>Where a capture saw it; null for octets from nowhere.</summary>
    public Origin? Origin { get; init; }

    /// <summary>What the speaker does because of an error.</summary>
    public string Action { get; init; } = UpdateOutcome.SeverityName(Description.Severity);

    /// <summary>Describes the messages that <paramref name="octets"/> hold, one behind the other.</summary>
    public static List<DecodedMessage> All(ReadOnlySpan<byte> octets, UpdateContext context)
    {
        var messages = new List<DecodedMessage>();
        for (var offset = 0; offset < octets.Length; offset += messages[^1].Description.Length)
            messages.Add(new(offset, MessageDescriber.Describe(octets[offset..], context)));
        return messages;
    }
}

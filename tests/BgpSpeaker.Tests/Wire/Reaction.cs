using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

/// <summary>What the decoders make of a stream of bytes: the facts of the last UPDATE, and the first error.</summary>
internal sealed record Reaction(Notification? Notification, IReadOnlyList<string> Facts)
{
    public static readonly string[] Layers = ["framer", "open", "notification", "route-refresh", "update", "session"];

    /// <summary>Feeds the vector's bytes in segments of at most <paramref name="segmentLength"/> octets.</summary>
    public static Reaction To(Vector vector, int segmentLength)
    {
        var facts = new List<string>();
        var consumed = 0;
        var received = 0;
        while (received < vector.Bytes.Length)
        {
            received += Math.Min(segmentLength, vector.Bytes.Length - received);
            Notification? error;
            while (Framer.Next(vector.Bytes.AsSpan(consumed..received), vector.MaximumLength,
                out var type, out var length, out error) == FrameStatus.Message)
            {
                if (Decode(vector, type, vector.Bytes.AsSpan(consumed, length), facts) is { } owed)
                    return new(owed, facts);
                consumed += length;
            }
            if (error is not null)
                return new(error, facts);
        }
        return new(null, facts);
    }

    private static Notification? Decode(Vector vector, MessageType type, ReadOnlySpan<byte> message, List<string> facts)
    {
        Notification? error = null;
        switch (type)
        {
            case MessageType.Open:
                OpenDecoder.TryDecode(message, out _, out error);
                break;
            case MessageType.Notification:
                Assert.True(NotificationDecoder.TryDecode(message, out _));
                break;
            case MessageType.RouteRefresh:
                RouteRefreshDecoder.TryDecode(message, vector.Session.Contains("enhanced"), out _, out error);
                break;
            case MessageType.Update:
                var outcome = UpdateDecoder.Decode(message, vector.Context);
                if (outcome.Severity == Severity.SessionReset)
                    return outcome.ToNotification(message);
                facts.Clear();
                facts.AddRange(FactsOf(outcome));
                break;
            default:
                break;
        }
        return error;
    }

    private static IEnumerable<string> FactsOf(UpdateOutcome outcome)
    {
        if (outcome.Severity == Severity.AttributeDiscard)
            yield return "discard";
        if (outcome.Severity == Severity.TreatAsWithdraw)
            yield return "taw";
        (string Name, int Count)[] counts =
        [
            ("announced.ipv4", outcome.AnnouncedIPv4), ("announced.ipv6", outcome.AnnouncedIPv6),
            ("withdrawn.ipv4", outcome.WithdrawnIPv4), ("withdrawn.ipv6", outcome.WithdrawnIPv6),
            ("discarded", outcome.DiscardedAttributes),
        ];
        foreach (var (name, count) in counts.Where(each => each.Count > 0))
            yield return $"{name}={count}";
        if (outcome.EndOfRib is { } family)
            yield return $"eor={family}";
    }
}

using System.Net;
using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Vipctl.Capture;

namespace AnycastVip.Vipctl.Decode;

/// <summary>Finds the BGP messages and BFD Control packets of a capture.</summary>
/// <param name="reader">The capture.</param>
/// <param name="assumed">The sessions, as far as their OPENs were not captured.</param>
/// <param name="bgpPort">The TCP port of either end.</param>
internal sealed class CaptureDecoder(CaptureReader reader, UpdateContext assumed, int bgpPort)
{
    private readonly Dictionary<(IPEndPoint Source, IPEndPoint Destination), Side> _sides = [];

    /// <summary>All of them, in the order in which they were whole; ends where the reader ends.</summary>
    public IEnumerable<DecodedMessage> Messages()
    {
        while (reader.TryRead(out var frame))
        {
            foreach (var message in Take(frame))
                yield return message;
        }
        foreach (var side in _sides.Values)
        {
            foreach (var message in side.Conversation.End(side.Direction))
                yield return message with { Origin = side.LastOrigin };
        }
    }

    private IEnumerable<DecodedMessage> Take(in CapturedFrame frame)
    {
        var packet = Packet.Find(frame);
        if (packet.Transport == Transport.None)
            return [];
        var origin = new Origin(frame.Time, packet.Source, packet.Destination);
        if (packet.Transport == Transport.Tcp)
        {
            return packet.Source.Port == bgpPort || packet.Destination.Port == bgpPort
                ? TakeSegment(packet, origin)
                : [];
        }
        if (packet.Destination.Port is not (BfdPath.SingleHopPort or BfdPath.MultihopPort))
            return [];
        byte? ttl = packet.Destination.Port == BfdPath.SingleHopPort ? packet.Ttl : null;
        return [BfdDescriber.Describe(packet.Payload, ttl) with { Origin = origin }];
    }

    private IEnumerable<DecodedMessage> TakeSegment(in Packet packet, Origin origin)
    {
        if (!_sides.TryGetValue((packet.Source, packet.Destination), out var side))
        {
            var other = _sides.GetValueOrDefault((packet.Destination, packet.Source));
            side = new(other?.Conversation ?? new(assumed), other is null ? 0 : 1);
            _sides.Add((packet.Source, packet.Destination), side);
        }
        side.LastOrigin = origin;
        return side.Conversation.Take(packet, side.Direction).Select(message => message with { Origin = origin });
    }

    private sealed class Side(BgpConversation conversation, int direction)
    {
        public BgpConversation Conversation => conversation;

        public int Direction => direction;

        public Origin? LastOrigin { get; set; }
    }
}

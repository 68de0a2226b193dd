using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Vipctl.Capture;

namespace AnycastVip.Vipctl.Decode;

/// <summary>
/// One TCP connection of a capture: both directions' messages, read in the session that the two OPENs agreed on.
/// </summary>
/// <param name="assumed">The session, as far as its OPENs were not captured.</param>
internal sealed class BgpConversation(UpdateContext assumed)
{
    private const int MarkerLength = 16;

    private readonly Direction[] _directions = [new(), new()];

    /// <summary>Takes a segment and yields what is whole by then.</summary>
    /// <param name="packet">The segment.</param>
    /// <param name="direction">0 or 1.</param>
    public List<DecodedMessage> Take(in Packet packet, int direction)
    {
        var side = _directions[direction];
        if (packet.IsSyn && side.Tcp.TryBegin(packet.Sequence))
            side.Start();
        side.Tcp.Add(packet.IsSyn ? packet.Sequence + 1 : packet.Sequence, packet.Payload);
        return Read(side, isEnd: false);
    }

    /// <summary>The capture is over: yields what is left of a direction.</summary>
    public List<DecodedMessage> End(int direction) => Read(_directions[direction], isEnd: true);

    private List<DecodedMessage> Read(Direction side, bool isEnd)
    {
        var messages = new List<DecodedMessage>();
        while (side.Tcp.TryTake(isEnd, out var octets, out var missing))
        {
            if (missing > 0)
            {
                // What was begun before the gap has no end.
                Leftover(side, messages);
                messages.Add(new(side.Offset, new() { Type = "missing", Length = (int)missing }));
                side.Offset += missing;
                side.IsSynchronized = false;
            }
            side.Pending.AddRange(octets);
            Cut(side, messages);
        }
        if (isEnd)
            Leftover(side, messages);
        return messages;
    }

    private void Cut(Direction side, List<DecodedMessage> messages)
    {
        var octets = side.Pending.ToArray().AsSpan();
        while (!octets.IsEmpty)
        {
            if (!side.IsSynchronized)
            {
                octets = Synchronize(side, octets, messages);
                if (!side.IsSynchronized)
                    break;
            }
            var status = Framer.Next(octets, MessageSize.ExtendedMaximum, out var type, out var length, out _);
            if (status == FrameStatus.NeedMore)
                break;
            if (status == FrameStatus.Error)
                (length, side.IsSynchronized) = (octets.Length, false);
            else if (type == MessageType.Open && OpenDecoder.TryDecode(octets[..length], out var open, out _))
                side.Open = open;
            Add(side, octets[..length], messages);
            octets = octets[length..];
        }
        side.Pending = [.. octets];
    }

    // A capture may begin, or go on after a gap, in the middle of a message: the next marker is the first sign of one.
    private static Span<byte> Synchronize(Direction side, Span<byte> octets, List<DecodedMessage> messages)
    {
        Span<byte> marker = stackalloc byte[MarkerLength];
        marker.Fill(byte.MaxValue);
        var at = octets.IndexOf(marker);
        side.IsSynchronized = at >= 0;
        // The last octets may be the front of a marker.
        var passed = at >= 0 ? at : Math.Max(0, octets.Length - MarkerLength + 1);
        if (passed > 0)
            messages.Add(new(side.Offset, new() { Type = "unsynchronized", Length = passed }));
        side.Offset += passed;
        return octets[passed..];
    }

    private void Leftover(Direction side, List<DecodedMessage> messages)
    {
        if (side.Pending.Count > 0)
            Add(side, side.Pending.ToArray(), messages);
        side.Pending.Clear();
    }

    private void Add(Direction side, ReadOnlySpan<byte> octets, List<DecodedMessage> messages)
    {
        messages.Add(new(side.Offset, MessageDescriber.Describe(octets, Session())));
        side.Offset += octets.Length;
    }

    private UpdateContext Session() => _directions is [{ Open: { } one }, { Open: { } other }]
        ? assumed with
        {
            FourOctetAs = HasFourOctetAs(one) && HasFourOctetAs(other),
            IsExternal = one.EffectiveAs != other.EffectiveAs,
        }
        : assumed;

    private static bool HasFourOctetAs(OpenMessage open) => open.Capabilities.OfType<FourOctetAsCapability>().Any();

    private sealed class Direction
    {
        public TcpDirection Tcp { get; } = new();

        /// <summary>What does not make a message yet.</summary>
        public List<byte> Pending { get; set; } = [];

        /// <summary>Where <see cref="Pending"/> begins.</summary>
        public long Offset { get; set; }

        /// <summary>A message begins there.</summary>
        public bool IsSynchronized { get; set; }

        /// <summary>The OPEN that was seen.</summary>
        public OpenMessage? Open { get; set; }

        /// <summary>A connection begins.</summary>
        public void Start()
        {
            Pending.Clear();
            (Offset, IsSynchronized, Open) = (0, true, null);
        }
    }
}

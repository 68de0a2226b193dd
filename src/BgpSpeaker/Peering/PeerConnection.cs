using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>The octets of one connection in both directions, between the socket and the machines.</summary>
internal sealed class PeerConnection(ConnectionId id, LocalEnd local)
{
    private readonly Queue<byte[]> _control = new();
    private byte[] _inbound = new byte[MessageSize.Maximum];
    private int _inboundCount;
    private MessageType _lastQueued;

    public ConnectionId Id => id;

    public LocalEnd Local => local;

    /// <summary>The longest message that the peer may send us.</summary>
    public int MaximumInbound { get; set; } = MessageSize.Maximum;

    /// <summary>Octets handed to the writer since the connection began.</summary>
    public long TakenOctets { get; private set; }

    public DeliveryTracker Delivery { get; } = new();

    /// <summary>The session machine has let this connection go: what is queued may leave, nothing comes in.</summary>
    public bool LetGo { get; set; }

    /// <summary>How many messages wait for the writer.</summary>
    public int QueuedMessages => _control.Count;

    /// <summary>Queues one complete message that is not an UPDATE; false when it must not or need not go out.</summary>
    public bool TryQueue(ReadOnlySpan<byte> message)
    {
        var type = (MessageType)message[MessageSize.Header - 1];
        // Nothing may follow a NOTIFICATION. A KEEPALIVE that still waits says all that another one would: without
        // this they would pile up for as long as the peer takes nothing.
        if (_lastQueued == MessageType.Notification
            || (type == MessageType.KeepAlive && _lastQueued == type && _control.Count > 0))
            return false;
        _lastQueued = type;
        _control.Enqueue(message.ToArray());
        return true;
    }

    /// <summary>Gives the writer the next control message when it fits; 0 when none does.</summary>
    public int TakeControl(Span<byte> buffer)
    {
        if (!_control.TryPeek(out var message) || message.Length > buffer.Length)
            return 0;
        _control.Dequeue().CopyTo(buffer);
        TakenOctets += message.Length;
        return message.Length;
    }

    /// <summary>The writer has taken an UPDATE.</summary>
    public void CountTaken(int octets) => TakenOctets += octets;

    /// <summary>Adds octets behind those that do not make a message yet.</summary>
    public void Append(ReadOnlySpan<byte> octets)
    {
        var needed = _inboundCount + octets.Length;
        if (needed > _inbound.Length)
            Array.Resize(ref _inbound, Math.Max(needed, 2 * _inbound.Length));
        octets.CopyTo(_inbound.AsSpan(_inboundCount));
        _inboundCount = needed;
    }

    /// <summary>Everything received that was not consumed.</summary>
    public ReadOnlySpan<byte> Pending => _inbound.AsSpan(0, _inboundCount);

    /// <summary>Forgets the first octets of <see cref="Pending"/>.</summary>
    public void Consume(int count)
    {
        _inbound.AsSpan(count, _inboundCount - count).CopyTo(_inbound);
        _inboundCount -= count;
    }
}

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>
/// Knows which version of the desired set has been written to the kernel, and which the peer's TCP has acknowledged:
/// two facts, both by counting octets of one connection.
/// </summary>
internal sealed class DeliveryTracker
{
    private readonly Queue<Mark> _unwritten = new();
    private readonly Queue<Mark> _unacknowledged = new();
    private long _written;
    private long _acknowledged;
    private long _reached = -1;

    /// <summary>The newest version whose last octet the kernel has taken; -1 before the first.</summary>
    public long WrittenVersion { get; private set; } = -1;

    /// <summary>The newest version whose last octet is acknowledged; -1 before the first.</summary>
    public long AcknowledgedVersion { get; private set; } = -1;

    /// <summary>True while some version is written and not acknowledged.</summary>
    public bool AwaitsAcknowledgement => _unacknowledged.Count > 0;

    /// <summary>The first <paramref name="octets"/> of the connection embody <paramref name="version"/>.</summary>
    public void Reached(long version, long octets)
    {
        if (version <= _reached)
            return;
        _reached = version;
        _unwritten.Enqueue(new Mark(version, octets));
        Advance();
    }

    /// <summary>The kernel has taken this many octets since the connection began.</summary>
    public void Written(long octets)
    {
        _written = octets;
        Advance();
    }

    /// <summary>The peer's TCP has acknowledged this many octets since the connection began.</summary>
    public void Acknowledged(long octets)
    {
        _acknowledged = octets;
        Advance();
    }

    private void Advance()
    {
        while (_unwritten.TryPeek(out var mark) && mark.Octets <= _written)
        {
            WrittenVersion = mark.Version;
            _unacknowledged.Enqueue(_unwritten.Dequeue());
        }
        while (_unacknowledged.TryPeek(out var mark) && mark.Octets <= _acknowledged)
        {
            AcknowledgedVersion = mark.Version;
            _unacknowledged.Dequeue();
        }
    }

    private readonly record struct Mark(long Version, long Octets);
}

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>
/// One direction of a TCP connection: octets wait for the sender's kernel, are cut into segments, fly, and wait in the
/// receiver's kernel. Never reordered, never lost while both ends live.
/// </summary>
internal sealed class Pipe(Link link, Endpoint from, Endpoint to)
{
    private static readonly TimeSpan FirstRetransmission = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestRetransmission = TimeSpan.FromSeconds(2);

    private readonly OctetQueue _waiting = new();
    private readonly OctetQueue _unsent = new();
    private readonly int _capacity = link.Chance.Pick(64, 512, 4096, 16384);
    private readonly int _segment = link.Chance.Pick(7, 60, 1460, 1460, 1460);
    private TimeSpan _retransmission = FirstRetransmission;
    private TimeSpan _stalledUntil;
    private bool _isFlying;
    private bool _isFinDue;
    private bool _mutates;
    private long _taken;

    /// <summary>Arrived and not yet read.</summary>
    public OctetQueue Unread { get; } = new();

    public long Arrived { get; private set; }

    public long Acknowledged { get; private set; }

    public bool FinArrived { get; private set; }

    public bool IsWriting => _waiting.Count > 0;

    /// <summary>The peer's window is closed until then.</summary>
    public void Stall(TimeSpan until) => _stalledUntil = until;

    /// <summary>From now on some octets change on their way.</summary>
    public void Mutate() => _mutates = true;

    /// <summary>From now on octets pass, and unchanged.</summary>
    public void Heal()
    {
        _stalledUntil = TimeSpan.Zero;
        _mutates = false;
    }

    public void Write(ReadOnlySpan<byte> octets)
    {
        _waiting.Append(octets);
        Fill();
    }

    /// <summary>FIN behind everything that was written.</summary>
    public void Finish()
    {
        _isFinDue = true;
        Fly(link.Latency());
    }

    /// <summary>Drops what has not arrived.</summary>
    public void Discard()
    {
        _waiting.Clear();
        _unsent.Clear();
        _isFinDue = false;
    }

    private void Fill()
    {
        var room = _capacity - (int)(_taken - Acknowledged);
        var count = Math.Min(room, _waiting.Count);
        if (count > 0)
        {
            _unsent.Append(_waiting.Front(count));
            _waiting.Drop(count);
            _taken += count;
        }
        Fly(link.Latency());
    }

    private void Fly(TimeSpan latency)
    {
        if (_isFlying || (_unsent.Count == 0 && !_isFinDue))
            return;
        _isFlying = true;
        link.Time.After(latency, Arrive);
    }

    private void Arrive()
    {
        _isFlying = false;
        if (_unsent.Count == 0 && !_isFinDue)
            return;
        if (link.IsBlocked || link.Time.Now < _stalledUntil || !to.Node.IsPowered)
        {
            Fly(_retransmission);
            _retransmission = Shorter(2 * _retransmission, LongestRetransmission);
            return;
        }
        _retransmission = FirstRetransmission;
        if (to.IsGone)
        {
            link.Time.After(link.Latency(), from.TakeReset);
            return;
        }
        Deliver();
        Fly(link.Chance.Milliseconds(0, 2));
    }

    private void Deliver()
    {
        var count = Math.Min(_unsent.Count, 1 + link.Chance.Below(_segment));
        if (count > 0)
        {
            var segment = _unsent.Front(count);
            if (_mutates && link.Chance.Percent(20))
                Corrupt(segment);
            Unread.Append(segment);
            _unsent.Drop(count);
            Arrived += count;
            link.Time.After(link.Latency(), () => TakeAcknowledgement(count));
        }
        if (_unsent.Count == 0 && _waiting.Count == 0 && _isFinDue)
        {
            _isFinDue = false;
            FinArrived = true;
        }
        to.SignalReadable();
    }

    private void Corrupt(Span<byte> segment)
    {
        link.Trace.Add(from.Node.Name, "octet corrupted", "", from.Connection.Number);
        from.Connection.IsTainted = true;
        segment[link.Chance.Below(segment.Length)] ^= (byte)(1 << link.Chance.Below(8));
    }

    private void TakeAcknowledgement(int count)
    {
        if (link.IsBlocked)
        {
            link.Time.After(LongestRetransmission, () => TakeAcknowledgement(count));
            return;
        }
        Acknowledged += count;
        var wasWriting = IsWriting;
        Fill();
        if (wasWriting && !IsWriting)
            from.SignalWritten(isReset: false);
    }

    private static TimeSpan Shorter(TimeSpan left, TimeSpan right) => left < right ? left : right;
}

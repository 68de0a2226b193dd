namespace AnycastVip.Vipctl.Capture;

/// <summary>
/// One direction of a TCP connection: puts its segments in order, drops what came twice, and tells of what the capture
/// lacks. Sequence numbers are counted from the first that was seen, so that they do not wrap.
/// </summary>
internal sealed class TcpDirection
{
    // More than any window that BGP uses; beyond it what is missing will not come any more.
    private const int MostWaiting = 1024 * 1024;

    private readonly SortedDictionary<long, byte[]> _waiting = [];
    private uint? _first;
    private long _next;
    private int _waitingOctets;

    /// <summary>A SYN came: what is known of an earlier connection between the same ports is forgotten.</summary>
    /// <returns>False for the SYN that is known already.</returns>
    public bool TryBegin(uint sequence)
    {
        // The SYN takes a number of its own.
        var first = unchecked(sequence + 1);
        if (_first == first)
            return false;
        _waiting.Clear();
        _waitingOctets = 0;
        _first = first;
        _next = 0;
        return true;
    }

    /// <summary>Takes a segment; what is in order now is taken with <see cref="TryTake"/>.</summary>
    public void Add(uint sequence, ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
            return;
        _first ??= sequence;
        // The distance to what is expected, which is less than half of the numbers.
        var offset = _next + unchecked((int)(sequence - (_first.Value + (uint)_next)));
        var known = Math.Max(0, _next - offset);
        if (known >= payload.Length)
            return;
        offset += known;
        payload = payload[(int)known..];
        if (_waiting.TryGetValue(offset, out var same) && same.Length >= payload.Length)
            return;
        _waitingOctets += payload.Length - (same?.Length ?? 0);
        _waiting[offset] = payload.ToArray();
    }

    /// <summary>Gives the next octets; false when none are in order.</summary>
    /// <param name="isEnd">Nothing more will come: what is missing is given up.</param>
    /// <param name="octets">What follows what was taken before, but for the gap.</param>
    /// <param name="missing">How many octets in front of them the capture lacks.</param>
    public bool TryTake(bool isEnd, out byte[] octets, out long missing)
    {
        (octets, missing) = ([], 0);
        while (_waiting.Count > 0)
        {
            var (offset, waiting) = _waiting.First();
            if (offset > _next && !isEnd && _waitingOctets <= MostWaiting)
                return false;
            _waiting.Remove(offset);
            _waitingOctets -= waiting.Length;
            var known = Math.Max(0, _next - offset);
            if (known >= waiting.Length)
                continue;
            missing = Math.Max(0, offset - _next);
            octets = waiting[(int)known..];
            _next = offset + waiting.Length;
            return true;
        }
        return false;
    }
}

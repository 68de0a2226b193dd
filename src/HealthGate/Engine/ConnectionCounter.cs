namespace AnycastVip.HealthGate.Engine;

/// <summary>Counts the connections that a drain waits for.</summary>
internal sealed class ConnectionCounter(ConnectionSelector selector)
{
    /// <summary>From one count to the next.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan LastSecond = TimeSpan.FromSeconds(1);

    private readonly Queue<(TimeSpan At, ulong Accepted)> _recent = [];
    private ulong? _acceptedBefore;

    public ConnectionSelector Selector { get; } = selector;

    /// <summary>Connections without a packet from their client since then are stranded; null: none is.</summary>
    public TimeSpan? StrandedSince { get; set; }

    /// <summary>When the next count is asked for; null: no more are.</summary>
    public TimeSpan? NextAt { get; set; }

    /// <summary>An answer is owed.</summary>
    public bool IsAsked { get; set; }

    public DrainConnectionsStanding Standing { get; private set; } = new(false, TimeSpan.Zero, 0, 0, 0, 0, 0, 0);

    /// <summary>A new phase has begun: what was counted before it says nothing any more.</summary>
    public void Begin(TimeSpan at, TimeSpan? strandedSince)
    {
        (NextAt, StrandedSince) = (at, strandedSince);
        Standing = Standing with { IsExact = false };
    }

    public void Take(ConnectionsCountedByProxy count, bool isExact)
    {
        // A restarted proxy counts from zero again.
        if (_recent.Count > 0 && count.Accepted < _recent.Last().Accepted)
        {
            _recent.Clear();
            _acceptedBefore = 0;
        }
        _acceptedBefore ??= count.Accepted;
        _recent.Enqueue((count.At, count.Accepted));
        while (_recent.ElementAtOrDefault(1) is { At: var second } && _recent.Count > 1
            && second <= count.At - LastSecond)
            _recent.Dequeue();
        Standing = Standing with
        {
            IsExact = isExact,
            CountedAt = count.At,
            NewTotal = count.Accepted - _acceptedBefore.Value,
            NewLastSecond = count.Accepted - _recent.Peek().Accepted,
            Fed = count.Fed,
            Stranded = count.Stranded,
        };
    }

    public void Closed(int closed, bool wereStranded) => Standing = wereStranded
        ? Standing with { ClosedStranded = Standing.ClosedStranded + (ulong)closed }
        : Standing with { ClosedFed = Standing.ClosedFed + (ulong)closed };
}

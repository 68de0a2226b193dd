using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>A backend and what the engine remembers of it.</summary>
internal sealed class BackendUnit(string pool, BackendOptions options, BackendHealthState state)
{
    public string Pool { get; } = pool;

    public BackendOptions Options { get; set; } = options;

    public BackendHealthState State { get; set; } = state;

    public string Subject => $"backend {Pool}/{Options.Name}";

    /// <summary>What the backend adds to its check's epochs: one that is started anew counts from zero.</summary>
    public long CheckEpochBase { get; set; }

    /// <summary>One that a reload added counts for its pool once it was judged.</summary>
    public bool IsCounted { get; set; } = true;

    /// <summary>The generation whose refusal is being verified; null: none is.</summary>
    public long? Verifying { get; set; }

    public BackendReported? Report { get; set; }

    /// <summary>When the drain in force began, or this gate after it; null: it is not drained.</summary>
    public TimeSpan? DrainedSince { get; private set; }

    /// <summary>When the connections that are left are closed; null: never.</summary>
    public TimeSpan? ConnectionsEndAt { get; private set; }

    /// <summary>Before <see cref="ConnectionsEndAt"/>.</summary>
    public ClosingWindow ClosingWindow { get; private set; }

    /// <summary>While it is drained, and the proxy knows.</summary>
    public ConnectionCounter? Counter { get; set; }

    /// <summary>The event that led to its state.</summary>
    public ulong Cause { get; set; }

    /// <summary>Notes the drain in force; null: there is none.</summary>
    public void Note(DrainOrder? order, TimeSpan now)
    {
        DrainedSince = order is null ? null : DrainedSince ?? now;
        ConnectionsEndAt = DrainedSince + order?.ConnectionTimeout;
        ClosingWindow = ClosingWindow.Of(order?.ConnectionTimeout ?? TimeSpan.Zero);
    }
}

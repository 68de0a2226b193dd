namespace AnycastVip.HealthGate.Health;

/// <summary>What is known of something that an announcement needs.</summary>
public enum Proof
{
    /// <summary>Nobody has looked yet, or whoever looks is gone.</summary>
    Unknown,

    /// <summary>It was looked at and is in order.</summary>
    Proven,

    /// <summary>It was looked at and is not in order.</summary>
    Broken,
}

/// <summary>A proof with what was found.</summary>
/// <param name="Proof">Whether it holds.</param>
/// <param name="Reason">One line: "203.0.113.50 is not on lo".</param>
public sealed record Finding(Proof Proof, string Reason)
{
    /// <summary>True when proven.</summary>
    public bool IsProven => Proof == Proof.Proven;
}

/// <summary>The backends of one pool, counted but for the backups.</summary>
/// <param name="Name">The pool.</param>
/// <param name="Up">In <see cref="BackendState.Up"/>.</param>
/// <param name="Unknown">
/// In <see cref="BackendState.Unknown"/>: they count for nothing, but not against the pool yet.
/// </param>
/// <param name="Total">
/// All of them, drained ones too; one that a reload adds enters when it is first judged, lest it withdraws the VIP.
/// </param>
public sealed record PoolCount(string Name, int Up, int Unknown, int Total);

/// <summary>A check of the VIP itself.</summary>
/// <param name="Name">The check.</param>
/// <param name="Verdict">What it says.</param>
/// <param name="Reason">One line.</param>
public sealed record VipCheck(string Name, CheckVerdict Verdict, string Reason);

/// <summary>Everything that is known of a VIP's surroundings.</summary>
public sealed record VipFacts
{
    /// <summary>What is found before anyone looked.</summary>
    public static readonly Finding NotSeen = new(Proof.Unknown, "not seen yet");

    /// <summary>The pools of its listeners; empty for an announce-only VIP.</summary>
    public IReadOnlyList<PoolCount> Pools { get; init; } = [];

    /// <summary>Its own checks.</summary>
    public IReadOnlyList<VipCheck> Checks { get; init; } = [];

    /// <summary>All its addresses are on `lo`.</summary>
    public Finding Address { get; init; } = NotSeen;

    /// <summary>The proxy is alive and accepts on all its listeners.</summary>
    public Finding Listener { get; init; } = NotSeen;

    /// <summary>A connection through each of its own addresses and ports reaches this node's proxy.</summary>
    public Finding SelfProbe { get; init; } = NotSeen;

    /// <summary>Why the speaker refuses the route; empty: it does not.</summary>
    public string Refusal { get; init; } = "";
}

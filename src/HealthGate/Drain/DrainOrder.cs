namespace AnycastVip.HealthGate.Drain;

/// <summary>What an operator can take out of service.</summary>
public abstract record DrainTarget
{
    private DrainTarget()
    {
    }

    /// <summary>Every VIP of this node.</summary>
    public sealed record Node : DrainTarget
    {
        /// <inheritdoc/>
        public override string ToString() => "node";
    }

    /// <summary>One VIP.</summary>
    public sealed record Vip(string Name) : DrainTarget
    {
        /// <inheritdoc/>
        public override string ToString() => $"vip {Name}";
    }

    /// <summary>One backend of one pool.</summary>
    public sealed record Backend(string Pool, string Name) : DrainTarget
    {
        /// <inheritdoc/>
        public override string ToString() => $"backend {Pool}/{Name}";
    }

    /// <summary>One BGP peer.</summary>
    public sealed record Peer(string Name) : DrainTarget
    {
        /// <inheritdoc/>
        public override string ToString() => $"peer {Name}";
    }
}

/// <summary>An operator's order to take something out of service, in force until it is taken back.</summary>
/// <param name="Target">What.</param>
/// <param name="Reason">Why, in the operator's words; may be empty.</param>
/// <param name="OrderedBy">Who.</param>
/// <param name="OrderedAt">When, by the wall clock.</param>
/// <param name="ConnectionTimeout">How long connections are waited for; null: as configured.</param>
public sealed record DrainOrder(
    DrainTarget Target, string Reason, string OrderedBy, DateTimeOffset OrderedAt, TimeSpan? ConnectionTimeout = null)
{
    /// <summary>Who ordered it when nobody did: the file of the drains was damaged.</summary>
    public const string ByItself = "vipd";
}

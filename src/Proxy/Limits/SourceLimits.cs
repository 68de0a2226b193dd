namespace AnycastVip.Proxy.Limits;

/// <summary>What each source may take of a listener. A source is an address, or all of a prefix.</summary>
public sealed record SourceLimits
{
    /// <summary>The greatest rate and burst.</summary>
    public const int MaximumRate = 1_000_000;

    /// <summary>Connections held at once; 0: no limit.</summary>
    public int Connections { get; init; }

    /// <summary>New connections a second, in the mean; 0: no limit.</summary>
    public int Rate { get; init; }

    /// <summary>New connections at once after a while without any; at least 1 where there is a rate.</summary>
    public int Burst { get; init; }

    /// <summary>IPv4 addresses that share so many leading bits are one source, 1–32.</summary>
    public int IPv4Prefix { get; init; } = 32;

    /// <summary>The same of IPv6, 1–128: a site has a whole /64 and more to choose from.</summary>
    public int IPv6Prefix { get; init; } = 64;

    internal bool IsSound =>
        Connections >= 0 && Rate is >= 0 and <= MaximumRate && Burst is >= 0 and <= MaximumRate
        && (Rate == 0 || Burst > 0) && IPv4Prefix is >= 1 and <= 32 && IPv6Prefix is >= 1 and <= 128;
}

using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>The BFD session that watches a peer.</summary>
public sealed record BfdOptions
{
    /// <summary>Its timers.</summary>
    public required BfdSettings Settings { get; init; }

    /// <summary>No BGP connection before BFD is Up.</summary>
    public bool Strict { get; init; }

    /// <summary>RFC 5883 instead of RFC 5881.</summary>
    public bool IsMultihop { get; init; }

    /// <summary>The least TTL to take on a multihop path, 1–255; 254 allows one router between.</summary>
    public byte MinimumTtl { get; init; } = 254;
}

using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>What an announcement asks for; ORIGIN, AS_PATH and NEXT_HOP are the speaker's to add, per peer.</summary>
public sealed record RouteAttributes
{
    /// <summary>Nothing asked for.</summary>
    public static readonly RouteAttributes None = new();

    /// <summary>The most that <see cref="AsPathPrepend"/> may be.</summary>
    public const int MaximumPrepend = 32;

    /// <summary>MULTI_EXIT_DISC, RFC 4271 section 5.1.4; null leaves it out.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF, RFC 4271 section 5.1.5: towards iBGP peers only; null means 100 there.</summary>
    public uint? LocalPref { get; init; }

    /// <summary>How often the own AS is put in front once more towards eBGP peers: 0–32.</summary>
    public int AsPathPrepend { get; init; }

    /// <summary>RFC 1997; any order.</summary>
    public ValueList<uint> Communities { get; init; }

    /// <summary>RFC 8092; any order.</summary>
    public ValueList<LargeCommunity> LargeCommunities { get; init; }
}

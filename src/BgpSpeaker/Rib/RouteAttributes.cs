using System.Globalization;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>What an announcement asks for; ORIGIN, AS_PATH and NEXT_HOP are the speaker's to add, per peer.</summary>
public sealed record RouteAttributes
{
    /// <summary>Nothing asked for.</summary>
    public static readonly RouteAttributes None = new();

    /// <summary>The most that <see cref="AsPathPrepend"/> may be.</summary>
    public const int MaximumPrepend = 32;

    /// <summary>
    /// The most that <see cref="Communities"/>, <see cref="ExtendedCommunities"/> or <see cref="LargeCommunities"/> may
    /// hold, each by itself.
    /// </summary>
    public const int MaximumCommunities = 64;

    /// <summary>MULTI_EXIT_DISC, RFC 4271 section 5.1.4; null leaves it out.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF, RFC 4271 section 5.1.5: towards iBGP peers only; null means 100 there.</summary>
    public uint? LocalPref { get; init; }

    /// <summary>How often the own AS is put in front once more towards eBGP peers: 0–32.</summary>
    public int AsPathPrepend { get; init; }

    /// <summary>RFC 1997; any order.</summary>
    public ValueList<uint> Communities { get; init; }

    /// <summary>RFC 4360; any order.</summary>
    public ValueList<ExtendedCommunity> ExtendedCommunities { get; init; }

    /// <summary>
    /// What the link bandwidth community says, in bit/s and more than 0 (draft-ietf-idr-link-bandwidth): how much a
    /// router sends here compared with other next hops. Null leaves it out.
    /// </summary>
    public ulong? LinkBandwidth { get; init; }

    /// <summary>RFC 8092; any order.</summary>
    public ValueList<LargeCommunity> LargeCommunities { get; init; }

    /// <summary>Null when every value is in range, else which is not, in one line.</summary>
    public string? FindFault()
    {
        if (AsPathPrepend is < 0 or > MaximumPrepend)
            return string.Create(
                CultureInfo.InvariantCulture, $"as_path_prepend is {AsPathPrepend}: use 0-{MaximumPrepend}");
        if (LinkBandwidth == 0)
            return "link_bandwidth is 0: use 1 bit/s or more";
        return TooMany("communities", Communities.Count)
            ?? TooMany("extended communities", ExtendedCommunities.Count)
            ?? TooMany("large communities", LargeCommunities.Count);
    }

    /// <summary>The same with communities in ascending order without duplicates: equal in meaning is equal.</summary>
    public RouteAttributes Normalized() =>
        Communities.Count + ExtendedCommunities.Count + LargeCommunities.Count == 0 ? this : this with
        {
            Communities = Union(Communities, []),
            ExtendedCommunities = Union(ExtendedCommunities, []),
            LargeCommunities = Union(LargeCommunities, []),
        };

    /// <summary>The elements of both in ascending order without duplicates.</summary>
    internal static ValueList<T> Union<T>(ValueList<T> left, ValueList<T> right) where T : IComparable<T> =>
        left.Count + right.Count == 0 ? [] : left.Union(right).Order().ToValueList();

    private static string? TooMany(string what, int count) => count <= MaximumCommunities
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{count} {what}: use at most {MaximumCommunities}");
}

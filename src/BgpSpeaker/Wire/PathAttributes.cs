using System.Net;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>The path attributes of an UPDATE that we send, complete as they go on the wire.</summary>
public sealed record PathAttributes
{
    /// <summary>ORIGIN, RFC 4271 section 5.1.1.</summary>
    public Origin Origin { get; init; } = Origin.Igp;

    /// <summary>AS_PATH as one AS_SEQUENCE (or several of 255), RFC 4271 section 5.1.2; empty towards iBGP.</summary>
    public ValueList<uint> AsPath { get; init; }

    /// <summary>NEXT_HOP, or the next hop inside MP_REACH_NLRI; of the family of the prefixes.</summary>
    public required IPAddress NextHop { get; init; }

    /// <summary>Behind an IPv6 <see cref="NextHop"/>, RFC 2545 section 3; null leaves it out.</summary>
    public IPAddress? LinkLocalNextHop { get; init; }

    /// <summary>True for IPv4 prefixes with an IPv6 <see cref="NextHop"/>, RFC 8950.</summary>
    public bool IsExtendedNextHop { get; init; }

    /// <summary>MULTI_EXIT_DISC, RFC 4271 section 5.1.4; null leaves it out.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF, RFC 4271 section 5.1.5; null leaves it out, as eBGP demands.</summary>
    public uint? LocalPref { get; init; }

    /// <summary>COMMUNITIES, RFC 1997, in ascending order without duplicates.</summary>
    public ValueList<uint> Communities { get; init; }

    /// <summary>EXTENDED_COMMUNITIES, RFC 4360 section 2, in ascending order without duplicates.</summary>
    public ValueList<ExtendedCommunity> ExtendedCommunities { get; init; }

    /// <summary>LARGE_COMMUNITIES, RFC 8092 section 3, in ascending order without duplicates.</summary>
    public ValueList<LargeCommunity> LargeCommunities { get; init; }

    /// <summary>Only to Customer (OTC), RFC 9234 section 5: an AS number; null leaves it out.</summary>
    public uint? OnlyToCustomer { get; init; }
}

/// <summary>A large community, RFC 8092 section 3.</summary>
/// <param name="GlobalAdministrator">An AS number.</param>
/// <param name="LocalData1">What that AS says.</param>
/// <param name="LocalData2">What that AS says.</param>
public readonly record struct LargeCommunity(uint GlobalAdministrator, uint LocalData1, uint LocalData2)
    : IComparable<LargeCommunity>
{
    /// <inheritdoc/>
    public int CompareTo(LargeCommunity other) =>
        (GlobalAdministrator, LocalData1, LocalData2).CompareTo(
            (other.GlobalAdministrator, other.LocalData1, other.LocalData2));

    /// <summary><c>global:local1:local2</c>, RFC 8092 section 4.</summary>
    public override string ToString() => $"{GlobalAdministrator}:{LocalData1}:{LocalData2}";
}

using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>How a declared route stands.</summary>
public enum RouteState
{
    /// <summary>Live lease, allowed.</summary>
    Announced,

    /// <summary>Its client is gone or does not know; announced until the lease runs out.</summary>
    Held,

    /// <summary>Nobody asks for it now.</summary>
    Withdrawn,

    /// <summary>Asked for and not announced.</summary>
    Refused,
}

/// <summary>One prefix of one client.</summary>
/// <param name="Prefix">As the client wrote it.</param>
/// <param name="ClientId">Who declared it.</param>
/// <param name="Vips">Which of the client's VIPs declare it, in the order of their names.</param>
/// <param name="State">How it stands.</param>
/// <param name="Reason">Why, in one line.</param>
/// <param name="Attributes">For every peer without attributes of its own.</param>
/// <param name="ExpiresAt">When the lease runs out; null unless its clock runs.</param>
public sealed record RouteView(
    string Prefix,
    string ClientId,
    ValueList<string> Vips,
    RouteState State,
    string Reason,
    RouteAttributes Attributes,
    TimeSpan? ExpiresAt);

/// <summary>One lease that has not run out.</summary>
/// <param name="ClientId">Who holds it.</param>
/// <param name="Epoch">The client's start.</param>
/// <param name="Connected">A stream holds it.</param>
/// <param name="Ttl">How long announcements outlive a lost stream or silence.</param>
/// <param name="LastHeartbeatAt">When the last request came.</param>
/// <param name="ExpiresAt">When it runs out; null unless its clock runs.</param>
/// <param name="Revision">Of the last set that was taken; 0 before the epoch's first.</param>
/// <param name="Vips">How many VIPs are known.</param>
public sealed record LeaseView(
    string ClientId,
    ulong Epoch,
    bool Connected,
    TimeSpan Ttl,
    TimeSpan LastHeartbeatAt,
    TimeSpan? ExpiresAt,
    ulong Revision,
    int Vips);

/// <summary>An emergency withdraw in force.</summary>
/// <param name="Reason">Why, in one line.</param>
/// <param name="Since">When it was ordered.</param>
public sealed record Emergency(string Reason, TimeSpan Since);

using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>Names one stream of one client; never used again.</summary>
public readonly record struct LeaseStream(long Value);

/// <summary>A client opens its lease, or takes it over from an older epoch or stream of its own.</summary>
/// <param name="ClientId">Stable over restarts of the client: 1–64 characters of [A-Za-z0-9._-].</param>
/// <param name="Epoch">Grows with every start of the client; a higher one replaces a lower one.</param>
/// <param name="Ttl">1 s – 60 s; null: the configured value.</param>
/// <param name="HeartbeatInterval">More than 0, at most half of the time to live; null: the configured value.</param>
public sealed record ClientHello(string ClientId, ulong Epoch, TimeSpan? Ttl, TimeSpan? HeartbeatInterval);

/// <summary>The answer to a <see cref="ClientHello"/>.</summary>
/// <param name="Stream">To be passed with every further request of this stream.</param>
/// <param name="Ttl">How long announcements outlive a lost stream or silence.</param>
/// <param name="HeartbeatInterval">How often the client promises to send something.</param>
/// <param name="TookOver">An older epoch's announcements are still held.</param>
public sealed record LeaseGrant(LeaseStream Stream, TimeSpan Ttl, TimeSpan HeartbeatInterval, bool TookOver);

/// <summary>What a client wants for one VIP.</summary>
public enum VipIntent
{
    /// <summary>Announce, and keep announced while the lease lives.</summary>
    Announce,

    /// <summary>Withdraw at once.</summary>
    Withdraw,

    /// <summary>Hold whatever is announced until the lease that announced it would have run out.</summary>
    Unknown,
}

/// <summary>One route of a VIP as the client wrote it.</summary>
/// <param name="Prefix">In CIDR form with no host bits set.</param>
/// <param name="Attributes">For every peer that <paramref name="PeerAttributes"/> does not name.</param>
/// <param name="PeerAttributes">For single peers, each peer once, in any order.</param>
/// <param name="Fault">Why the caller could not read the attributes, in one line; null when it could.</param>
public sealed record RouteDeclaration(
    string Prefix, RouteAttributes Attributes, ValueList<PeerAttributes> PeerAttributes, string? Fault = null);

/// <summary>What a client says about one VIP.</summary>
/// <param name="Vip">1–64 characters, unique within the set.</param>
/// <param name="Intent">What is wanted.</param>
/// <param name="Reason">Why, in one line, for every view.</param>
/// <param name="Routes">Exactly what the VIP announces; may be empty for WITHDRAW and UNKNOWN.</param>
public sealed record VipDeclaration(string Vip, VipIntent Intent, string Reason, ValueList<RouteDeclaration> Routes);

/// <summary>A client's whole set. A VIP that it leaves out counts as <see cref="VipIntent.Unknown"/>.</summary>
/// <param name="Revision">Chosen by the client; grows within a stream.</param>
/// <param name="Vips">At most 10,000.</param>
public sealed record DesiredSet(ulong Revision, ValueList<VipDeclaration> Vips);

/// <summary>Why a route is not announced.</summary>
public enum RefusalReason
{
    /// <summary>Outside the allow-list.</summary>
    NotAllowed,

    /// <summary>Not a prefix, host bits set, or attributes that cannot be read or are out of range.</summary>
    Malformed,

    /// <summary>Another client announces the same prefix with other attributes, and did so first.</summary>
    Conflict,

    /// <summary>An emergency withdraw is in force.</summary>
    Emergency,
}

/// <summary>A route that is not announced.</summary>
/// <param name="Vip">The VIP that declared it.</param>
/// <param name="Prefix">As the client wrote it.</param>
/// <param name="Reason">The kind of reason.</param>
/// <param name="Text">What is wrong and the remedy, in one line.</param>
public sealed record RefusedRoute(string Vip, string Prefix, RefusalReason Reason, string Text);

/// <summary>The answer to a <see cref="DesiredSet"/>: it was taken but for the refused routes.</summary>
public sealed record DesiredSetOutcome(ulong Revision, ValueList<RefusedRoute> Refused);

/// <summary>What kind of mistake a request is.</summary>
public enum LeaseErrorKind
{
    /// <summary>The request is wrong in itself.</summary>
    InvalidArgument,

    /// <summary>The stream has ended: a newer one took over, or the lease ran out.</summary>
    StreamEnded,

    /// <summary>A newer epoch of the client is known.</summary>
    OlderEpoch,

    /// <summary>Too many clients, VIPs or prefixes.</summary>
    OutOfResources,
}

/// <summary>Why a request was refused as a whole. Nothing changed, but the client is known to be alive.</summary>
/// <param name="Kind">The kind of mistake.</param>
/// <param name="Text">What is wrong and the remedy, in one line.</param>
public sealed record LeaseError(LeaseErrorKind Kind, string Text);

/// <summary>A stream that the table has ended by itself: whoever serves it should tell the client.</summary>
public sealed record EndedStream(LeaseStream Stream, LeaseError Error);

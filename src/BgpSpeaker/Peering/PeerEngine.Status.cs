using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>One peer as an operator sees it; all times since the clock's fixed origin.</summary>
public sealed record PeerStatus
{
    /// <summary>The state of RFC 4271 section 8.2.2.</summary>
    public required BgpState State { get; init; }

    /// <summary>When it was entered.</summary>
    public required TimeSpan Since { get; init; }

    /// <summary>What last ended the session or keeps it down, in one line; empty: nothing yet.</summary>
    public required string Reason { get; init; }

    /// <summary>What is probably wrong and what to check, in one line; null: nothing is suspected.</summary>
    public required string? SuspectedCause { get; init; }

    /// <summary>The last changes of the state, oldest first.</summary>
    public required ValueList<TransitionRecord> Transitions { get; init; }

    /// <summary>The operator has taken the peer down.</summary>
    public required bool IsAdministrativelyDown { get; init; }

    /// <summary>How often an Established session was lost.</summary>
    public required long Flaps { get; init; }

    /// <summary>When the next dial is due; null when none is.</summary>
    public required TimeSpan? NextRetryAt { get; init; }

    /// <summary>The session; null unless Established.</summary>
    public required NegotiatedSession? Session { get; init; }

    /// <summary>The ends of the Established connection; null unless Established.</summary>
    public required LocalEnd? Local { get; init; }

    /// <summary>When the session was Established; null unless it is.</summary>
    public required TimeSpan? EstablishedAt { get; init; }

    /// <summary>The last NOTIFICATION that we sent.</summary>
    public required NotificationRecord? LastSent { get; init; }

    /// <summary>The last NOTIFICATION that the peer sent.</summary>
    public required NotificationRecord? LastReceived { get; init; }

    /// <summary>Messages sent since the peer was started with its options.</summary>
    public required MessageCounters Sent { get; init; }

    /// <summary>Messages received since the peer was started with its options.</summary>
    public required MessageCounters Received { get; init; }

    /// <summary>What the peer announced since the session came up.</summary>
    public required ReceivedRoutes ReceivedRoutes { get; init; }

    /// <summary>How many IPv4 prefixes the peer has from us.</summary>
    public required int AdvertisedIPv4 { get; init; }

    /// <summary>How many IPv6 prefixes the peer has from us.</summary>
    public required int AdvertisedIPv6 { get; init; }

    /// <summary>Negotiated families that cannot be announced, with the reason.</summary>
    public required ValueList<string> BlockedFamilies { get; init; }
}

// What views and the shell want to know.
public sealed partial class PeerEngine
{
    private ExportContext? _export;
    private UpdateContext _updateContext;

    /// <summary>The operator has taken the peer down.</summary>
    public bool IsAdministrativelyDown => !_state.AdminUp;

    /// <summary>What is probably wrong and what to check, in one line; null: nothing is suspected.</summary>
    public string? SuspectedCause => Suspicion.Of(_state);

    /// <summary>No connection is open: nothing is left to flush.</summary>
    public bool IsQuiet => _connections.Count == 0;

    /// <summary>The newest version of the desired set that the kernel has taken whole; -1: no session.</summary>
    public long WrittenVersion => _established?.Delivery.WrittenVersion ?? -1;

    /// <summary>The newest version of the desired set that the peer has acknowledged whole; -1: no session.</summary>
    public long AcknowledgedVersion => _established?.Delivery.AcknowledgedVersion ?? -1;

    /// <summary>True while something is written that the peer has not acknowledged.</summary>
    public bool AwaitsAcknowledgement => _established?.Delivery.AwaitsAcknowledgement ?? false;

    /// <summary>How <paramref name="prefix"/> stands with the peer.</summary>
    public AdvertisedRoute Describe(Prefix prefix) => _ribOut.Describe(prefix);

    /// <summary>The peer as it is now.</summary>
    public PeerStatus Status() => new()
    {
        State = _state.BgpState,
        Since = _state.Since,
        Reason = _state.DownReason,
        SuspectedCause = SuspectedCause,
        Transitions = _transitions.Records,
        IsAdministrativelyDown = !_state.AdminUp,
        Flaps = _state.Flaps,
        NextRetryAt = _state.NextRetryAt,
        Session = _session,
        Local = _established?.Local,
        EstablishedAt = _established is null ? null : _establishedAt,
        LastSent = _state.LastSent,
        LastReceived = _state.LastReceived,
        Sent = _sent,
        Received = _received,
        ReceivedRoutes = _receivedRoutes,
        AdvertisedIPv4 = _ribOut.CountAdvertised(Family.IPv4Unicast),
        AdvertisedIPv6 = _ribOut.CountAdvertised(Family.IPv6Unicast),
        BlockedFamilies = BlockedFamilies(),
    };

    private ValueList<string> BlockedFamilies() =>
        _export is null
            ? []
            : _export.Families.Select(_export.FindObstacle).OfType<string>().ToValueList();

    private ExportContext ExportFor(NegotiatedSession session, LocalEnd local)
    {
        // On a link-local session both ends are on one link, so a link-local next hop is owed too (RFC 2545 section 3);
        // beside a configured one it would lead elsewhere.
        var linkLocal = local.LocalAddress.IsIPv6LinkLocal && _profile.NextHopIPv6 is null
            ? new IPAddress(local.LocalAddress.GetAddressBytes())
            : null;
        var isOverIPv6 = local.LocalAddress.AddressFamily == AddressFamily.InterNetworkV6;
        var nextHopIPv6 = _profile.NextHopIPv6 ?? local.NextHopIPv6 ?? linkLocal;
        return new()
        {
            PeerName = _profile.Name,
            LocalAs = _profile.Session.LocalAs,
            IsExternal = _profile.Session.IsExternal,
            Role = _profile.Session.Role,
            FourOctetAs = session.FourOctetAs,
            Families = session.Families,
            // Our end of the session reaches us for certain; whether the peer is in the IPv4 subnet nobody knows.
            NextHopIPv4 = _profile.NextHopIPv4
                ?? (session.ExtendedNextHop && isOverIPv6 ? nextHopIPv6 : local.NextHopIPv4),
            NextHopIPv6 = nextHopIPv6,
            LinkLocalNextHop = linkLocal,
            ExtendedNextHop = session.ExtendedNextHop,
            Overlay = _profile.Attributes,
        };
    }
}

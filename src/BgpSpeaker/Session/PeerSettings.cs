using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>What an OPEN of ours says about the routes of an earlier session, RFC 4724 section 3.</summary>
public enum RestartState
{
    /// <summary>R and F are clear: whatever the peer kept is worth nothing.</summary>
    None,

    /// <summary>F is set: this program has lost the session, and forwarding went on.</summary>
    SessionLost,

    /// <summary>R and F are set: this program has restarted, and forwarding went on.</summary>
    Restarted,
}

/// <summary>What the session machines know about one peer and us. Immutable.</summary>
public sealed record PeerSettings
{
    /// <summary>Our AS number towards this peer, 1–4294967295 without AS_TRANS.</summary>
    public required uint LocalAs { get; init; }

    /// <summary>The AS number that the peer must prove; equal to <see cref="LocalAs"/> for iBGP.</summary>
    public required uint PeerAs { get; init; }

    /// <summary>Our BGP identifier, RFC 6286: any number but 0.</summary>
    public required uint BgpIdentifier { get; init; }

    /// <summary>The hold time that we propose: 0, or 3–65535 s in whole seconds. RFC 4271 suggests 90 s.</summary>
    public TimeSpan HoldTime { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>The address families that we offer; at least one.</summary>
    public ValueList<Family> Families { get; init; } = [Family.IPv4Unicast];

    /// <summary>Offer IPv6 next hops for IPv4 prefixes, RFC 8950; without IPv4 unicast it does nothing.</summary>
    public bool ExtendedNextHop { get; init; }

    /// <summary>True: never dial, only accept (PassiveTcpEstablishment, RFC 4271 section 8.1.1).</summary>
    public bool Passive { get; init; }

    /// <summary>First wait after a failure (IdleHoldTime); doubled at each failure in a row, jittered.</summary>
    public TimeSpan RetryMinimum { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two attempts (before jitter).</summary>
    public TimeSpan RetryMaximum { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The wait (before jitter) after a Cease that does not pass by itself: prefix limit, shutdown, de-configured, out
    /// of resources (RFC 4486 section 4 recommends damping).
    /// </summary>
    public TimeSpan RetryAfterCease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a dial may take (ConnectRetryTime, RFC 4271 section 8) until it is given up.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The "large value" of the hold timer in OpenSent: RFC 4271 section 8.2.2 suggests 4 minutes.</summary>
    public TimeSpan OpenHoldTime { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>
    /// RFC 9687: longer than <see cref="HoldTime"/>, or zero for no SendHoldTimer; null: the greater of 8 minutes and
    /// twice the negotiated hold time.
    /// </summary>
    public TimeSpan? SendHoldTime { get; init; }

    /// <summary>
    /// Graceful restart (RFC 4724): how long the peer keeps our routes when the session is lost, in whole seconds;
    /// null: it is not offered.
    /// </summary>
    public TimeSpan? RestartTime { get; init; }

    /// <summary>
    /// Since the shell's origin: until then the first session is that of a program that has restarted; null: it has
    /// not.
    /// </summary>
    public TimeSpan? RestartingUntil { get; init; }

    /// <summary>What the OPEN of this connection says; <see cref="PeerFsm"/> sets it for each.</summary>
    public RestartState RestartState { get; init; }

    /// <summary>
    /// No connection before <see cref="BfdUp"/>: none is dialled, and the peer's are refused with Cease/10. The local
    /// half of draft-ietf-idr-bgp-bfd-strict-mode, without its capability.
    /// </summary>
    public bool BfdStrict { get; init; }

    /// <summary>
    /// How many prefixes of each family the peer may announce, 1 or more; one more ends the session with Cease/1, and
    /// for <see cref="RetryAfterCease"/> the peer is refused. Null: any number.
    /// </summary>
    public int? MaximumPrefixes { get; init; }

    /// <summary>TCP MD5 (RFC 2385) is in use: then silence may mean that the keys differ.</summary>
    public bool UsesTcpMd5 { get; init; }

    /// <summary>GTSM (RFC 5082) is in use: then silence may mean that the peer does not send with TTL 255.</summary>
    public bool UsesTtlSecurity { get; init; }

    /// <summary>What we send has TTL 1: then silence may mean that the peer is more than one hop away.</summary>
    public bool ReachesOneHop { get; init; }

    /// <summary>Our role towards an external peer, RFC 9234; null: none, and no route leak is looked for.</summary>
    public BgpRole? Role { get; init; }

    /// <summary>Refuse a peer that announces no role; only with <see cref="Role"/>.</summary>
    public bool StrictRole { get; init; }

    /// <summary>Take several paths for one prefix, RFC 7911; they are counted and dropped like any route.</summary>
    public bool AddPathReceive { get; init; }

    /// <summary>Announced in the FQDN capability; null leaves the capability out.</summary>
    public string? HostName { get; init; }

    /// <summary>The domain of <see cref="HostName"/>; empty when unknown.</summary>
    public string DomainName { get; init; } = "";

    /// <summary>True for a peer in another AS.</summary>
    public bool IsExternal => LocalAs != PeerAs;

    /// <summary>These settings with what of <paramref name="other"/> no session that runs depends on.</summary>
    public PeerSettings WithWaitsOf(PeerSettings other) => this with
    {
        RetryMinimum = other.RetryMinimum,
        RetryMaximum = other.RetryMaximum,
        RetryAfterCease = other.RetryAfterCease,
        ConnectTimeout = other.ConnectTimeout,
        SendHoldTime = other.SendHoldTime,
        BfdStrict = other.BfdStrict,
    };
}

/// <summary>What both OPENs agree on.</summary>
public sealed record NegotiatedSession
{
    /// <summary>min(ours, theirs), RFC 4271 section 4.2; zero: neither KEEPALIVE nor hold timer.</summary>
    public required TimeSpan HoldTime { get; init; }

    /// <summary>A third of the hold time, before jitter; zero when the hold time is.</summary>
    public required TimeSpan KeepaliveTime { get; init; }

    /// <summary>The peer's AS number.</summary>
    public required uint PeerAs { get; init; }

    /// <summary>The peer's BGP identifier.</summary>
    public required uint PeerIdentifier { get; init; }

    /// <summary>The families that both sides offered; a peer that names none offers IPv4 unicast.</summary>
    public required ValueList<Family> Families { get; init; }

    /// <summary>
    /// In these families the peer puts a path identifier in front of each prefix: it announced to send several paths
    /// (RFC 7911), and we to take them.
    /// </summary>
    public ValueList<Family> AddPathFamilies { get; init; }

    /// <summary>Both sides carry AS numbers in four octets, RFC 6793.</summary>
    public required bool FourOctetAs { get; init; }

    /// <summary>The peer takes ROUTE-REFRESH, RFC 2918.</summary>
    public required bool RouteRefresh { get; init; }

    /// <summary>Both sides speak enhanced route refresh, RFC 7313.</summary>
    public required bool EnhancedRouteRefresh { get; init; }

    /// <summary>We may receive messages of up to 65535 octets: we announced RFC 8654, and the peer did.</summary>
    public required bool ExtendedMessage { get; init; }

    /// <summary>Both sides offered graceful restart: the peer keeps our routes when the connection breaks.</summary>
    public bool GracefulRestart { get; init; }

    /// <summary>Both sides set the N bit: the peer keeps them after a NOTIFICATION too (RFC 8538).</summary>
    public bool GracefulNotification { get; init; }

    /// <summary>IPv4 prefixes may have an IPv6 next hop, in both directions: both sides offered RFC 8950.</summary>
    public bool ExtendedNextHop { get; init; }

    /// <summary>The OPEN that we sent.</summary>
    public required OpenMessage Sent { get; init; }

    /// <summary>The OPEN that the peer sent.</summary>
    public required OpenMessage Received { get; init; }

    /// <summary>The peer's host name as its FQDN capability has it; empty without one.</summary>
    public string PeerHostName => Received.Capabilities.OfType<FqdnCapability>().FirstOrDefault()?.HostName ?? "";

    /// <summary>
    /// Those of our capabilities that the peer has too, and so are in use; FQDN only tells, so it is none of them.
    /// </summary>
    public ValueList<Capability> Capabilities => Sent.Capabilities
        .Where(ours => Received.Capabilities.Any(theirs => Matches(ours, theirs)))
        .ToValueList();

    private static bool Matches(Capability ours, Capability theirs) => ours switch
    {
        MultiprotocolCapability => ours == theirs,
        FqdnCapability => false,
        _ => ours.Code == theirs.Code,
    };
}

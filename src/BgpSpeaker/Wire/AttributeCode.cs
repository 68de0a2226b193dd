namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Path attribute type codes of IANA's registry that we know by name.</summary>
public enum AttributeCode : byte
{
    /// <summary>ORIGIN, RFC 4271 section 5.1.1.</summary>
    Origin = 1,

    /// <summary>AS_PATH, RFC 4271 section 5.1.2.</summary>
    AsPath = 2,

    /// <summary>NEXT_HOP, RFC 4271 section 5.1.3.</summary>
    NextHop = 3,

    /// <summary>MULTI_EXIT_DISC, RFC 4271 section 5.1.4.</summary>
    MultiExitDisc = 4,

    /// <summary>LOCAL_PREF, RFC 4271 section 5.1.5.</summary>
    LocalPref = 5,

    /// <summary>ATOMIC_AGGREGATE, RFC 4271 section 5.1.6.</summary>
    AtomicAggregate = 6,

    /// <summary>AGGREGATOR, RFC 4271 section 5.1.7.</summary>
    Aggregator = 7,

    /// <summary>COMMUNITIES, RFC 1997.</summary>
    Communities = 8,

    /// <summary>ORIGINATOR_ID, RFC 4456 section 8.</summary>
    OriginatorId = 9,

    /// <summary>CLUSTER_LIST, RFC 4456 section 8.</summary>
    ClusterList = 10,

    /// <summary>MP_REACH_NLRI, RFC 4760 section 3.</summary>
    MpReachNlri = 14,

    /// <summary>MP_UNREACH_NLRI, RFC 4760 section 4.</summary>
    MpUnreachNlri = 15,

    /// <summary>EXTENDED_COMMUNITIES, RFC 4360.</summary>
    ExtendedCommunities = 16,

    /// <summary>AS4_PATH, RFC 6793 section 3.</summary>
    As4Path = 17,

    /// <summary>AS4_AGGREGATOR, RFC 6793 section 3.</summary>
    As4Aggregator = 18,

    /// <summary>LARGE_COMMUNITY, RFC 8092 section 3.</summary>
    LargeCommunities = 32,

    /// <summary>Only to Customer, RFC 9234 section 5.</summary>
    OnlyToCustomer = 35,
}

/// <summary>The flags octet of a path attribute, RFC 4271 section 4.3; the low four bits are unused.</summary>
[Flags]
public enum AttributeFlags : byte
{
    /// <summary>Well-known, complete, one length octet.</summary>
    None = 0,

    /// <summary>The length takes two octets.</summary>
    ExtendedLength = 0x10,

    /// <summary>Some router on the way did not know the attribute.</summary>
    Partial = 0x20,

    /// <summary>Passed on to other peers.</summary>
    Transitive = 0x40,

    /// <summary>Not well-known.</summary>
    Optional = 0x80,
}

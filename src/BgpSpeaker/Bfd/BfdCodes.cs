namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>The State field and bfd.SessionState, RFC 5880 section 4.1.</summary>
public enum BfdState : byte
{
    /// <summary>Held down by the operator: no failure of the path.</summary>
    AdminDown = 0,

    /// <summary>Nothing is known about the path, or it has failed.</summary>
    Down = 1,

    /// <summary>The remote system is heard; whether it hears us is not known yet.</summary>
    Init = 2,

    /// <summary>Both systems hear each other.</summary>
    Up = 3,
}

/// <summary>Why the session last changed its state, RFC 5880 section 4.1. Values from 9 on are reserved.</summary>
public enum BfdDiagnostic : byte
{
    /// <summary>No Diagnostic.</summary>
    None = 0,

    /// <summary>Control Detection Time Expired: nothing was heard in time.</summary>
    ControlDetectionTimeExpired = 1,

    /// <summary>Echo Function Failed.</summary>
    EchoFunctionFailed = 2,

    /// <summary>Neighbor Signaled Session Down.</summary>
    NeighborSignaledSessionDown = 3,

    /// <summary>Forwarding Plane Reset.</summary>
    ForwardingPlaneReset = 4,

    /// <summary>Path Down.</summary>
    PathDown = 5,

    /// <summary>Concatenated Path Down.</summary>
    ConcatenatedPathDown = 6,

    /// <summary>Administratively Down.</summary>
    AdministrativelyDown = 7,

    /// <summary>Reverse Concatenated Path Down.</summary>
    ReverseConcatenatedPathDown = 8,
}

/// <summary>Authentication types, RFC 5880 section 4.1. None is built.</summary>
public enum BfdAuthenticationType : byte
{
    /// <summary>Simple Password.</summary>
    SimplePassword = 1,

    /// <summary>Keyed MD5.</summary>
    KeyedMd5 = 2,

    /// <summary>Meticulous Keyed MD5.</summary>
    MeticulousKeyedMd5 = 3,

    /// <summary>Keyed SHA1.</summary>
    KeyedSha1 = 4,

    /// <summary>Meticulous Keyed SHA1.</summary>
    MeticulousKeyedSha1 = 5,
}

/// <summary>
/// Why a received packet was discarded: the checks of RFC 5880 section 6.8.6 in their order, then those of RFC 5881
/// and RFC 5883.
/// </summary>
public enum BfdDiscardReason
{
    /// <summary>It was not.</summary>
    None,

    /// <summary>The version is not 1.</summary>
    WrongVersion,

    /// <summary>Length, or the payload itself, is below 24 octets; below 26 with an authentication section.</summary>
    TooShort,

    /// <summary>Length is greater than the payload.</summary>
    LengthBeyondPayload,

    /// <summary>Detect Mult is zero.</summary>
    ZeroDetectMult,

    /// <summary>The Multipoint bit is set.</summary>
    Multipoint,

    /// <summary>My Discriminator is zero.</summary>
    ZeroMyDiscriminator,

    /// <summary>Your Discriminator is not zero, and no session of ours has it.</summary>
    UnknownYourDiscriminator,

    /// <summary>Your Discriminator is zero in a state other than Down and AdminDown.</summary>
    ZeroYourDiscriminator,

    /// <summary>Your Discriminator is zero, and no session of ours is with that system on that path.</summary>
    NoSession,

    /// <summary>The packet is authenticated, the session is not.</summary>
    AuthenticationNotInUse,

    /// <summary>It came to the port of the other kind of path.</summary>
    WrongPort,

    /// <summary>Its TTL or hop limit shows that it came from farther away than the path allows.</summary>
    TtlTooLow,
}

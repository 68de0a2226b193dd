namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Message types, RFC 4271 section 4.1 and RFC 2918.</summary>
public enum MessageType : byte
{
    /// <summary>OPEN, RFC 4271 section 4.2.</summary>
    Open = 1,

    /// <summary>UPDATE, RFC 4271 section 4.3.</summary>
    Update = 2,

    /// <summary>NOTIFICATION, RFC 4271 section 4.5.</summary>
    Notification = 3,

    /// <summary>KEEPALIVE, RFC 4271 section 4.4.</summary>
    KeepAlive = 4,

    /// <summary>ROUTE-REFRESH, RFC 2918 section 3.</summary>
    RouteRefresh = 5,
}

/// <summary>NOTIFICATION error codes, RFC 4271 section 4.5, RFC 7313 section 5, RFC 9687 section 3.</summary>
public enum ErrorCode : byte
{
    /// <summary>Message Header Error.</summary>
    MessageHeader = 1,

    /// <summary>OPEN Message Error.</summary>
    OpenMessage = 2,

    /// <summary>UPDATE Message Error.</summary>
    UpdateMessage = 3,

    /// <summary>Hold Timer Expired.</summary>
    HoldTimerExpired = 4,

    /// <summary>Finite State Machine Error.</summary>
    FiniteStateMachine = 5,

    /// <summary>Cease.</summary>
    Cease = 6,

    /// <summary>ROUTE-REFRESH Message Error, RFC 7313.</summary>
    RouteRefreshMessage = 7,

    /// <summary>Send Hold Timer Expired, RFC 9687.</summary>
    SendHoldTimerExpired = 8,
}

/// <summary>Subcodes of <see cref="ErrorCode.MessageHeader"/>, RFC 4271 section 6.1.</summary>
public static class MessageHeaderError
{
    /// <summary>Connection Not Synchronized: the marker is not all ones.</summary>
    public const byte ConnectionNotSynchronized = 1;

    /// <summary>Bad Message Length; the data is the length field.</summary>
    public const byte BadMessageLength = 2;

    /// <summary>Bad Message Type; the data is the type field.</summary>
    public const byte BadMessageType = 3;
}

/// <summary>Subcodes of <see cref="ErrorCode.OpenMessage"/>, RFC 4271 section 6.2 and RFC 5492 section 5.</summary>
public static class OpenMessageError
{
    /// <summary>Malformed in a way that no other subcode names.</summary>
    public const byte Unspecific = 0;

    /// <summary>Unsupported Version Number; the data is the version that we support, two octets.</summary>
    public const byte UnsupportedVersionNumber = 1;

    /// <summary>Bad Peer AS.</summary>
    public const byte BadPeerAs = 2;

    /// <summary>Bad BGP Identifier.</summary>
    public const byte BadBgpIdentifier = 3;

    /// <summary>Unsupported Optional Parameter.</summary>
    public const byte UnsupportedOptionalParameter = 4;

    /// <summary>Unacceptable Hold Time.</summary>
    public const byte UnacceptableHoldTime = 6;

    /// <summary>Unsupported Capability, RFC 5492; the data lists the capabilities that we need.</summary>
    public const byte UnsupportedCapability = 7;

    /// <summary>Role Mismatch, RFC 9234 section 4.2.</summary>
    public const byte RoleMismatch = 11;
}

/// <summary>Subcodes of <see cref="ErrorCode.UpdateMessage"/>, RFC 4271 section 6.3.</summary>
public static class UpdateMessageError
{
    /// <summary>Malformed Attribute List.</summary>
    public const byte MalformedAttributeList = 1;

    /// <summary>Unrecognized Well-known Attribute; the data is the attribute.</summary>
    public const byte UnrecognizedWellKnownAttribute = 2;

    /// <summary>Missing Well-known Attribute; the data is the attribute's type code.</summary>
    public const byte MissingWellKnownAttribute = 3;

    /// <summary>Attribute Flags Error; the data is the attribute.</summary>
    public const byte AttributeFlagsError = 4;

    /// <summary>Attribute Length Error; the data is the attribute.</summary>
    public const byte AttributeLengthError = 5;

    /// <summary>Invalid ORIGIN Attribute; the data is the attribute.</summary>
    public const byte InvalidOrigin = 6;

    /// <summary>Invalid NEXT_HOP Attribute; the data is the attribute.</summary>
    public const byte InvalidNextHop = 8;

    /// <summary>Optional Attribute Error; the data is the attribute.</summary>
    public const byte OptionalAttributeError = 9;

    /// <summary>Invalid Network Field.</summary>
    public const byte InvalidNetworkField = 10;

    /// <summary>Malformed AS_PATH.</summary>
    public const byte MalformedAsPath = 11;
}

/// <summary>Subcodes of <see cref="ErrorCode.FiniteStateMachine"/>, RFC 6608 section 3.</summary>
public static class FiniteStateMachineError
{
    /// <summary>No specific subcode.</summary>
    public const byte Unspecified = 0;

    /// <summary>Receive Unexpected Message in OpenSent State; the data is the message type.</summary>
    public const byte UnexpectedMessageInOpenSent = 1;

    /// <summary>Receive Unexpected Message in OpenConfirm State; the data is the message type.</summary>
    public const byte UnexpectedMessageInOpenConfirm = 2;

    /// <summary>Receive Unexpected Message in Established State; the data is the message type.</summary>
    public const byte UnexpectedMessageInEstablished = 3;
}

/// <summary>Subcodes of <see cref="ErrorCode.Cease"/>, RFC 4486 section 3, RFC 8538 section 3, RFC 9384.</summary>
public static class CeaseError
{
    /// <summary>Maximum Number of Prefixes Reached.</summary>
    public const byte MaximumNumberOfPrefixesReached = 1;

    /// <summary>Administrative Shutdown; the data may carry RFC 9003 text.</summary>
    public const byte AdministrativeShutdown = 2;

    /// <summary>Peer De-configured.</summary>
    public const byte PeerDeconfigured = 3;

    /// <summary>Administrative Reset; the data may carry RFC 9003 text.</summary>
    public const byte AdministrativeReset = 4;

    /// <summary>Connection Rejected.</summary>
    public const byte ConnectionRejected = 5;

    /// <summary>Other Configuration Change.</summary>
    public const byte OtherConfigurationChange = 6;

    /// <summary>Connection Collision Resolution.</summary>
    public const byte ConnectionCollisionResolution = 7;

    /// <summary>Out of Resources.</summary>
    public const byte OutOfResources = 8;

    /// <summary>Hard Reset, RFC 8538.</summary>
    public const byte HardReset = 9;

    /// <summary>BFD Down, RFC 9384.</summary>
    public const byte BfdDown = 10;
}

/// <summary>Subcodes of <see cref="ErrorCode.RouteRefreshMessage"/>, RFC 7313 section 5.</summary>
public static class RouteRefreshError
{
    /// <summary>Invalid Message Length; the data is the whole message.</summary>
    public const byte InvalidMessageLength = 1;
}

/// <summary>ORIGIN values, RFC 4271 section 5.1.1.</summary>
public enum Origin : byte
{
    /// <summary>Interior to the originating AS.</summary>
    Igp = 0,

    /// <summary>Learned by EGP (RFC 904).</summary>
    Egp = 1,

    /// <summary>Learned by other means.</summary>
    Incomplete = 2,
}

/// <summary>Sizes that RFC 4271 and RFC 8654 fix, in octets.</summary>
public static class MessageSize
{
    /// <summary>Marker, length and type, RFC 4271 section 4.1.</summary>
    public const int Header = 19;

    /// <summary>The shortest OPEN, RFC 4271 section 4.2.</summary>
    public const int MinimumOpen = 29;

    /// <summary>The shortest UPDATE, RFC 4271 section 4.3.</summary>
    public const int MinimumUpdate = 23;

    /// <summary>The shortest NOTIFICATION, RFC 4271 section 4.5.</summary>
    public const int MinimumNotification = 21;

    /// <summary>A ROUTE-REFRESH without ORF entries, RFC 2918 section 3.</summary>
    public const int RouteRefresh = 23;

    /// <summary>The longest message without extended messages, RFC 4271 section 4.1.</summary>
    public const int Maximum = 4096;

    /// <summary>The longest message with extended messages, RFC 8654 section 3.</summary>
    public const int ExtendedMaximum = 65535;
}

/// <summary>Autonomous system numbers with a meaning of their own.</summary>
public static class AsNumber
{
    /// <summary>AS_TRANS: stands for a 4-octet number where only two octets fit, RFC 6793 section 9.</summary>
    public const ushort Trans = 23456;
}

/// <summary>Communities with a name, RFC 1997, RFC 3765, RFC 7999, RFC 8326.</summary>
public static class WellKnownCommunity
{
    /// <summary>GRACEFUL_SHUTDOWN 65535:0, RFC 8326.</summary>
    public const uint GracefulShutdown = 0xFFFF0000;

    /// <summary>BLACKHOLE 65535:666, RFC 7999.</summary>
    public const uint Blackhole = 0xFFFF029A;

    /// <summary>NO_EXPORT 65535:65281, RFC 1997.</summary>
    public const uint NoExport = 0xFFFFFF01;

    /// <summary>NO_ADVERTISE 65535:65282, RFC 1997.</summary>
    public const uint NoAdvertise = 0xFFFFFF02;

    /// <summary>NO_EXPORT_SUBCONFED 65535:65283, RFC 1997.</summary>
    public const uint NoExportSubconfed = 0xFFFFFF03;

    /// <summary>NOPEER 65535:65284, RFC 3765.</summary>
    public const uint NoPeer = 0xFFFFFF04;
}

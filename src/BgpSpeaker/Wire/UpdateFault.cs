namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>What can be wrong with an UPDATE, RFC 4271 section 6.3 and RFC 7606.</summary>
public enum UpdateFault : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A second occurrence; the first counts (RFC 7606 section 3 g).</summary>
    DuplicateAttribute,

    /// <summary>An attribute that only internal peers may send.</summary>
    InternalOnlyAttribute,

    /// <summary>An attribute for 2-octet sessions, on a 4-octet one (RFC 6793 section 6).</summary>
    TwoOctetOnlyAttribute,

    /// <summary>The own AS is in the path: the route is excluded (RFC 4271 section 9.1.2).</summary>
    AsLoop,

    /// <summary>The peer may not hand the route to us: it is excluded (RFC 9234 section 5).</summary>
    RouteLeak,

    /// <summary>Optional or Transitive bit not as the attribute demands.</summary>
    AttributeFlags,

    /// <summary>An attribute of a length that it cannot have.</summary>
    AttributeLength,

    /// <summary>ORIGIN above 2.</summary>
    UndefinedOrigin,

    /// <summary>A segment of an unknown type, of no AS, or longer than its attribute.</summary>
    MalformedAsPath,

    /// <summary>eBGP, and no AS in the path.</summary>
    EmptyAsPath,

    /// <summary>AS 0, RFC 7607.</summary>
    AsZero,

    /// <summary>AS_CONFED_SEQUENCE or AS_CONFED_SET from another AS, RFC 5065 section 5.</summary>
    ConfederationSegment,

    /// <summary>A next hop that is no host's address.</summary>
    UnusableNextHop,

    /// <summary>Routes without an attribute that they need.</summary>
    MissingAttribute,

    /// <summary>An attribute longer than what is left of the attributes.</summary>
    AttributeOverrun,

    /// <summary>Too few octets at the end of the attributes to be one.</summary>
    LeftoverOctets,

    /// <summary>Withdrawn Routes Length beyond the message.</summary>
    WithdrawnRoutesOverrun,

    /// <summary>Total Path Attribute Length beyond the message.</summary>
    AttributesOverrun,

    /// <summary>A well-known attribute (by its flags) that is not.</summary>
    UnrecognizedWellKnown,

    /// <summary>MP_REACH_NLRI or MP_UNREACH_NLRI twice.</summary>
    DuplicateMultiprotocol,

    /// <summary>MP_REACH_NLRI or MP_UNREACH_NLRI without its fixed part.</summary>
    MultiprotocolTooShort,

    /// <summary>A next hop in MP_REACH_NLRI of a length that the family does not have.</summary>
    MultiprotocolNextHopLength,

    /// <summary>A prefix in MP_REACH_NLRI or MP_UNREACH_NLRI that is too long or cut off.</summary>
    MultiprotocolPrefix,

    /// <summary>A prefix among the withdrawn routes or NLRI that is too long or cut off.</summary>
    InvalidPrefix,
}

/// <summary>What each <see cref="UpdateFault"/> is called, and which NOTIFICATION it earns.</summary>
internal static class UpdateFaultTable
{
    public static string Text(UpdateFault fault) => fault switch
    {
        UpdateFault.None => "no error",
        UpdateFault.DuplicateAttribute => "occurs again, the first counts",
        UpdateFault.InternalOnlyAttribute => "from an external peer",
        UpdateFault.TwoOctetOnlyAttribute => "from a peer with 4-octet AS numbers",
        UpdateFault.AsLoop => "holds our own AS",
        UpdateFault.RouteLeak => "route leak",
        UpdateFault.AttributeFlags => "wrong Optional or Transitive flag",
        UpdateFault.AttributeLength => "wrong length",
        UpdateFault.UndefinedOrigin => "undefined origin",
        UpdateFault.MalformedAsPath => "malformed segment",
        UpdateFault.EmptyAsPath => "empty path from an external peer",
        UpdateFault.AsZero => "holds AS 0",
        UpdateFault.ConfederationSegment => "confederation segment from another AS",
        UpdateFault.UnusableNextHop => "next hop is not a host address",
        UpdateFault.MissingAttribute => "missing",
        UpdateFault.AttributeOverrun => "longer than the attributes",
        UpdateFault.LeftoverOctets => "octets left over after the attributes",
        UpdateFault.WithdrawnRoutesOverrun => "withdrawn routes longer than the message",
        UpdateFault.AttributesOverrun => "attributes longer than the message",
        UpdateFault.UnrecognizedWellKnown => "unrecognized well-known attribute",
        UpdateFault.DuplicateMultiprotocol => "occurs twice",
        UpdateFault.MultiprotocolTooShort => "too short",
        UpdateFault.MultiprotocolNextHopLength => "wrong next hop length",
        UpdateFault.MultiprotocolPrefix => "invalid prefix",
        _ => "invalid prefix in the withdrawn routes or NLRI",
    };

    public static byte Subcode(UpdateFault fault) => fault switch
    {
        UpdateFault.AttributeFlags => UpdateMessageError.AttributeFlagsError,
        UpdateFault.AttributeLength => UpdateMessageError.AttributeLengthError,
        UpdateFault.UndefinedOrigin => UpdateMessageError.InvalidOrigin,
        UpdateFault.MalformedAsPath or UpdateFault.EmptyAsPath or UpdateFault.AsZero
            or UpdateFault.ConfederationSegment => UpdateMessageError.MalformedAsPath,
        UpdateFault.UnusableNextHop => UpdateMessageError.InvalidNextHop,
        UpdateFault.MissingAttribute => UpdateMessageError.MissingWellKnownAttribute,
        UpdateFault.UnrecognizedWellKnown => UpdateMessageError.UnrecognizedWellKnownAttribute,
        UpdateFault.MultiprotocolTooShort or UpdateFault.MultiprotocolNextHopLength
            or UpdateFault.MultiprotocolPrefix => UpdateMessageError.OptionalAttributeError,
        UpdateFault.InvalidPrefix => UpdateMessageError.InvalidNetworkField,
        _ => UpdateMessageError.MalformedAttributeList,
    };

    /// <summary>The message is right, but its routes are not for us.</summary>
    public static bool IsExclusion(UpdateFault fault) => fault is UpdateFault.AsLoop or UpdateFault.RouteLeak;

    /// <summary>The value can be put into words all the same: its form is right, its content is not.</summary>
    public static bool IsWellFormed(UpdateFault fault) =>
        IsExclusion(fault) || fault is UpdateFault.None or UpdateFault.EmptyAsPath or UpdateFault.AsZero
            or UpdateFault.ConfederationSegment or UpdateFault.UnusableNextHop;

    // RFC 4271 section 6.3 names the attribute as data for these errors and nothing for the others.
    public static bool DataIsAttribute(UpdateFault fault) =>
        Subcode(fault) is UpdateMessageError.UnrecognizedWellKnownAttribute or UpdateMessageError.AttributeFlagsError
            or UpdateMessageError.AttributeLengthError or UpdateMessageError.InvalidOrigin
            or UpdateMessageError.InvalidNextHop or UpdateMessageError.OptionalAttributeError;
}

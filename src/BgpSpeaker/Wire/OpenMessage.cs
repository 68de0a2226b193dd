namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>An OPEN message, RFC 4271 section 4.2.</summary>
/// <param name="MyAs">My Autonomous System: two octets, <see cref="AsNumber.Trans"/> where the number needs four.</param>
/// <param name="HoldTimeSeconds">Proposed hold time in seconds: 0, or 3 and more.</param>
/// <param name="BgpIdentifier">BGP Identifier, RFC 6286: any number but 0.</param>
/// <param name="Capabilities">In the order of the message; duplicates are kept.</param>
public sealed record OpenMessage(
    ushort MyAs, ushort HoldTimeSeconds, uint BgpIdentifier, ValueList<Capability> Capabilities)
{
    /// <summary>The version that we speak.</summary>
    public const byte Version = 4;
}

/// <summary>A capability, RFC 5492 section 4.</summary>
/// <param name="Code">The capability code of IANA's registry.</param>
public abstract record Capability(byte Code);

/// <summary>Multiprotocol Extensions, RFC 4760 section 8.</summary>
public sealed record MultiprotocolCapability(Family Family) : Capability(1);

/// <summary>Route Refresh, RFC 2918 section 2.</summary>
public sealed record RouteRefreshCapability() : Capability(2);

/// <summary>Extended Message, RFC 8654 section 3.</summary>
public sealed record ExtendedMessageCapability() : Capability(6);

/// <summary>Support for 4-octet AS numbers, RFC 6793 section 3.</summary>
/// <param name="As">The sender's AS number; 0 is an error (RFC 7607).</param>
public sealed record FourOctetAsCapability(uint As) : Capability(65);

/// <summary>Enhanced Route Refresh, RFC 7313 section 3.1.</summary>
public sealed record EnhancedRouteRefreshCapability() : Capability(70);

/// <summary>FQDN, draft-walton-bgp-hostname-capability section 3: host and domain name, at most 255 octets each.</summary>
public sealed record FqdnCapability(string HostName, string DomainName) : Capability(73);

/// <summary>A capability that we do not use, or one of a known code whose value does not parse and may be ignored.</summary>
public sealed record UnknownCapability(byte Code, ValueList<byte> Value) : Capability(Code);

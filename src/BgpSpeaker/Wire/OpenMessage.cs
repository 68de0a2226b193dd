namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>An OPEN message, RFC 4271 section 4.2.</summary>
/// <param name="MyAs">My Autonomous System: two octets, <see cref="AsNumber.Trans"/> where it needs four.</param>
/// <param name="HoldTimeSeconds">Proposed hold time in seconds: 0, or 3 and more.</param>
/// <param name="BgpIdentifier">BGP Identifier, RFC 6286: any number but 0.</param>
/// <param name="Capabilities">In the order of the message; duplicates are kept.</param>
public sealed record OpenMessage(
    ushort MyAs, ushort HoldTimeSeconds, uint BgpIdentifier, ValueList<Capability> Capabilities)
{
    /// <summary>The version that we speak.</summary>
    public const byte Version = 4;

    /// <summary>
    /// The sender's AS number: that of the 4-octet AS capability, which wins over My Autonomous System (RFC 6793
    /// section 4.1), or else My Autonomous System.
    /// </summary>
    public uint EffectiveAs
    {
        get
        {
            foreach (var capability in Capabilities)
            {
                if (capability is FourOctetAsCapability fourOctetAs)
                    return fourOctetAs.As;
            }
            return MyAs;
        }
    }
}

/// <summary>Optional parameter types of an OPEN, RFC 5492 section 4 and RFC 9072 section 2.</summary>
public static class OptionalParameterType
{
    /// <summary>Capabilities, RFC 5492.</summary>
    public const byte Capabilities = 2;

    /// <summary>In front: parameter lengths take two octets, RFC 9072.</summary>
    public const byte ExtendedLength = 255;
}

/// <summary>Capability codes of IANA's registry that we use.</summary>
public static class CapabilityCode
{
    /// <summary>Multiprotocol Extensions.</summary>
    public const byte Multiprotocol = 1;

    /// <summary>Route Refresh.</summary>
    public const byte RouteRefresh = 2;

    /// <summary>Extended Next Hop Encoding.</summary>
    public const byte ExtendedNextHop = 5;

    /// <summary>Extended Message.</summary>
    public const byte ExtendedMessage = 6;

    /// <summary>BGP Role.</summary>
    public const byte Role = 9;

    /// <summary>Graceful Restart.</summary>
    public const byte GracefulRestart = 64;

    /// <summary>Support for 4-octet AS numbers.</summary>
    public const byte FourOctetAs = 65;

    /// <summary>ADD-PATH.</summary>
    public const byte AddPath = 69;

    /// <summary>Enhanced Route Refresh.</summary>
    public const byte EnhancedRouteRefresh = 70;

    /// <summary>FQDN.</summary>
    public const byte Fqdn = 73;
}

/// <summary>A capability, RFC 5492 section 4.</summary>
/// <param name="Code">The capability code of IANA's registry.</param>
public abstract record Capability(byte Code);

/// <summary>Multiprotocol Extensions, RFC 4760 section 8.</summary>
public sealed record MultiprotocolCapability(Family Family) : Capability(CapabilityCode.Multiprotocol);

/// <summary>Route Refresh, RFC 2918 section 2.</summary>
public sealed record RouteRefreshCapability() : Capability(CapabilityCode.RouteRefresh);

/// <summary>Extended Next Hop Encoding, RFC 8950 section 4.</summary>
/// <param name="Encodings">What the sender takes, in the order of the message.</param>
public sealed record ExtendedNextHopCapability(ValueList<ExtendedNextHop> Encodings)
    : Capability(CapabilityCode.ExtendedNextHop);

/// <summary>One triple of <see cref="ExtendedNextHopCapability"/>.</summary>
/// <param name="NlriAfi">The prefixes' Address Family Identifier.</param>
/// <param name="NlriSafi">Their Subsequent Address Family Identifier, here in two octets.</param>
/// <param name="NextHopAfi">The next hop's Address Family Identifier.</param>
public readonly record struct ExtendedNextHop(ushort NlriAfi, ushort NlriSafi, ushort NextHopAfi)
{
    /// <summary>IPv4 unicast with an IPv6 next hop.</summary>
    public static readonly ExtendedNextHop IPv4OverIPv6 = new(1, 1, 2);

    /// <summary><c>ipv4-unicast over ipv6</c>, or <c>afi/safi over afi</c> in numbers.</summary>
    public override string ToString() =>
        this == IPv4OverIPv6 ? "ipv4-unicast over ipv6" : $"{NlriAfi}/{NlriSafi} over {NextHopAfi}";
}

/// <summary>Extended Message, RFC 8654 section 3.</summary>
public sealed record ExtendedMessageCapability() : Capability(CapabilityCode.ExtendedMessage);

/// <summary>Graceful Restart, RFC 4724 section 3, with the N bit of RFC 8538 section 2.</summary>
/// <param name="RestartState">R: the sender has restarted; nobody waits for its End-of-RIB.</param>
/// <param name="GracefulNotification">N: the sender applies the procedures to NOTIFICATIONs too, RFC 8538.</param>
/// <param name="RestartTimeSeconds">How long the receiver is to wait for the session to come back: 0–4095 s.</param>
/// <param name="Families">The families for which the sender can preserve forwarding; none: it only helps.</param>
public sealed record GracefulRestartCapability(
    bool RestartState, bool GracefulNotification, ushort RestartTimeSeconds, ValueList<RestartFamily> Families)
    : Capability(CapabilityCode.GracefulRestart)
{
    /// <summary>The most seconds that the twelve bits hold.</summary>
    public const ushort MaximumRestartTime = 0x0FFF;
}

/// <summary>One family of the Graceful Restart capability.</summary>
/// <param name="Family">Which family.</param>
/// <param name="ForwardingState">F: forwarding went on while there was no session.</param>
public sealed record RestartFamily(Family Family, bool ForwardingState);

/// <summary>BGP Role, RFC 9234 section 4.1.</summary>
/// <param name="Role">The sender's role; any number may come.</param>
public sealed record RoleCapability(BgpRole Role) : Capability(CapabilityCode.Role);

/// <summary>Support for 4-octet AS numbers, RFC 6793 section 3.</summary>
/// <param name="As">The sender's AS number; 0 is an error (RFC 7607).</param>
public sealed record FourOctetAsCapability(uint As) : Capability(CapabilityCode.FourOctetAs);

/// <summary>ADD-PATH, RFC 7911 section 4.</summary>
/// <param name="Families">In the order of the message; duplicates are kept.</param>
public sealed record AddPathCapability(ValueList<AddPathFamily> Families) : Capability(CapabilityCode.AddPath);

/// <summary>What the sender of an ADD-PATH capability can do with one family.</summary>
public readonly record struct AddPathFamily(Family Family, AddPathMode Mode);

/// <summary>Send/Receive, RFC 7911 section 4.</summary>
[Flags]
public enum AddPathMode : byte
{
    /// <summary>No value of the field.</summary>
    None = 0,

    /// <summary>Takes several paths for one prefix.</summary>
    Receive = 1,

    /// <summary>Announces several paths for one prefix.</summary>
    Send = 2,
}

/// <summary>Enhanced Route Refresh, RFC 7313 section 3.1.</summary>
public sealed record EnhancedRouteRefreshCapability() : Capability(CapabilityCode.EnhancedRouteRefresh);

/// <summary>FQDN, draft-walton-bgp-hostname-capability section 3: host and domain name.</summary>
public sealed record FqdnCapability(string HostName, string DomainName)
    : Capability(CapabilityCode.Fqdn);

/// <summary>A capability that we do not use, or of a known code with a value that does not parse.</summary>
public sealed record UnknownCapability(byte Code, ValueList<byte> Value) : Capability(Code);

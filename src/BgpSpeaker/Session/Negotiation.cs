using System.Globalization;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>What a peer's OPEN comes to.</summary>
public abstract record OpenVerdict;

/// <summary>The OPEN is acceptable.</summary>
public sealed record OpenAccepted(NegotiatedSession Session) : OpenVerdict;

/// <summary>The OPEN is not acceptable.</summary>
/// <param name="Notification">What the peer is told.</param>
/// <param name="Reason">For people, in one line, without the NOTIFICATION's own name.</param>
public sealed record OpenRefused(Notification Notification, string Reason) : OpenVerdict;

/// <summary>Makes our OPEN and judges the peer's, as far as that takes configuration. Pure.</summary>
public static class Negotiation
{
    // RFC 4271 section 4.4: "A reasonable maximum time between KEEPALIVE messages would be one third of the Hold Time
    // interval."
    private const int KeepalivesPerHoldTime = 3;

    /// <summary>The OPEN that we send to a peer.</summary>
    public static OpenMessage BuildOpen(PeerSettings settings)
    {
        List<Capability> capabilities = [.. Multiprotocol(settings)];
        if (settings.ExtendedNextHop && settings.Families.Contains(Family.IPv4Unicast))
            capabilities.Add(new ExtendedNextHopCapability([ExtendedNextHop.IPv4OverIPv6]));
        capabilities.Add(new RouteRefreshCapability());
        capabilities.Add(new EnhancedRouteRefreshCapability());
        capabilities.Add(new ExtendedMessageCapability());
        if (settings.RestartTime is { } restartTime)
            capabilities.Add(GracefulRestart(settings, restartTime));
        if (settings.Role is { } role)
            capabilities.Add(new RoleCapability(role));
        capabilities.Add(new FourOctetAsCapability(settings.LocalAs));
        if (settings.AddPathReceive)
            capabilities.Add(AddPath(settings));
        if (settings.HostName is { } hostName)
            capabilities.Add(new FqdnCapability(hostName, settings.DomainName));

        // RFC 6793 section 4.2.1: AS_TRANS stands in for a number that two octets cannot hold.
        var myAs = settings.LocalAs > ushort.MaxValue ? AsNumber.Trans : (ushort)settings.LocalAs;
        return new OpenMessage(
            myAs, (ushort)settings.HoldTime.TotalSeconds, settings.BgpIdentifier, capabilities.ToValueList());
    }

    /// <summary>Judges a well-formed OPEN of the peer, RFC 4271 section 6.2: what both agree on, or why not.</summary>
    public static OpenVerdict Judge(PeerSettings settings, OpenMessage received) =>
        JudgeAs(settings, received) ?? JudgeIdentifier(settings, received) ?? JudgeHoldTime(received)
        ?? JudgeRole(settings, received) ?? Agree(settings, received);

    private static OpenRefused? JudgeAs(PeerSettings settings, OpenMessage open)
    {
        var announced = open.Capabilities.OfType<FourOctetAsCapability>().Select(capability => capability.As).ToList();
        // RFC 7607 section 2: "If a BGP speaker receives zero as the peer AS in an OPEN message, it MUST abort the
        // connection and send a NOTIFICATION with Error Code 'OPEN Message Error' and subcode 'Bad Peer AS'."
        if (open.MyAs == 0 || announced.Contains(0))
            return BadPeerAs("the peer claims AS 0");
        if (announced.Distinct().Count() > 1)
            return BadPeerAs("the peer claims two AS numbers: " + string.Join(", ", announced.Distinct()));

        // RFC 6793 section 4.1: a NEW speaker takes the peer's number from the capability, whatever My AS says.
        var peerAs = open.EffectiveAs;
        // RFC 6793 section 9: AS_TRANS is reserved, so nobody has it as the own number.
        if (peerAs == AsNumber.Trans)
            return BadPeerAs("the peer claims AS_TRANS (23456) as its own AS");
        return peerAs == settings.PeerAs
            ? null
            : BadPeerAs(Text($"the peer claims AS {peerAs}, AS {settings.PeerAs} is configured"));
    }

    private static OpenRefused? JudgeIdentifier(PeerSettings settings, OpenMessage open)
    {
        // RFC 6286 section 2.2: "if the BGP Identifier field of the OPEN message is zero, or if it is the same as the
        // BGP Identifier of the local BGP speaker and the message is from an internal peer": Bad BGP Identifier.
        if (open.BgpIdentifier == 0)
            return Refuse(OpenMessageError.BadBgpIdentifier, "the peer's BGP identifier is 0");
        return open.BgpIdentifier == settings.BgpIdentifier && !settings.IsExternal
            ? Refuse(OpenMessageError.BadBgpIdentifier, "the peer has our BGP identifier, inside our AS")
            : null;
    }

    // RFC 4271 section 6.2: "An implementation MUST reject Hold Time values of one or two seconds."
    private static OpenRefused? JudgeHoldTime(OpenMessage open) =>
        open.HoldTimeSeconds is 1 or 2
            ? Refuse(
                OpenMessageError.UnacceptableHoldTime,
                Text($"the peer proposes a hold time of {open.HoldTimeSeconds} s"))
            : null;

    // RFC 9234 section 4.2. It speaks of eBGP sessions only: within an AS nobody is a customer.
    private static OpenRefused? JudgeRole(PeerSettings settings, OpenMessage open)
    {
        if (!settings.IsExternal)
            return null;
        var announced = open.Capabilities.OfType<RoleCapability>().Select(each => each.Role).Distinct().ToList();
        if (announced.Count > 1)
            return RoleMismatch($"the peer claims {string.Join(" and ", announced.Select(BgpRoles.NameOf))}");
        if (settings.Role is not { } ours)
            return null;
        if (announced is not [var theirs])
            return settings.StrictRole ? RoleMismatch("the peer announces no role, and one is required") : null;
        return BgpRoles.Correspond(ours, theirs)
            ? null
            : RoleMismatch($"our role is {BgpRoles.NameOf(ours)}, the peer's is {BgpRoles.NameOf(theirs)}");
    }

    private static OpenVerdict Agree(PeerSettings settings, OpenMessage received)
    {
        var offered = OfferedFamilies(received);
        var families = settings.Families.Where(offered.Contains).ToValueList();
        if (families.Count == 0)
        {
            // RFC 5492 section 5: the data lists the missing capabilities, each "encoded in the same way as it would be
            // encoded in the OPEN message".
            return Refuse(
                OpenMessageError.UnsupportedCapability,
                $"no address family in common: the peer offers {string.Join(", ", offered)}",
                OpenEncoder.EncodeCapabilities(Multiprotocol(settings)));
        }

        // RFC 4271 section 4.2: "the smaller of its configured Hold Time and the Hold Time received in the OPEN
        // message". Zero is the smallest.
        var holdTime = TimeSpan.FromSeconds(Math.Min((ushort)settings.HoldTime.TotalSeconds, received.HoldTimeSeconds));
        var capabilities = received.Capabilities;
        // RFC 4724 section 3: of several instances "the receiver of the advertisement MUST ignore all but the last".
        var restart = settings.RestartTime is null
            ? null
            : capabilities.OfType<GracefulRestartCapability>().LastOrDefault();
        return new OpenAccepted(new NegotiatedSession
        {
            HoldTime = holdTime,
            KeepaliveTime = holdTime / KeepalivesPerHoldTime,
            PeerAs = settings.PeerAs,
            PeerIdentifier = received.BgpIdentifier,
            Families = families,
            AddPathFamilies = settings.AddPathReceive ? AddPathFamilies(families, received) : [],
            FourOctetAs = capabilities.OfType<FourOctetAsCapability>().Any(),
            RouteRefresh = capabilities.OfType<RouteRefreshCapability>().Any(),
            EnhancedRouteRefresh = capabilities.OfType<EnhancedRouteRefreshCapability>().Any(),
            ExtendedMessage = capabilities.OfType<ExtendedMessageCapability>().Any(),
            GracefulRestart = restart is not null,
            GracefulNotification = restart is { GracefulNotification: true },
            ExtendedNextHop = settings.ExtendedNextHop && families.Contains(Family.IPv4Unicast)
                && capabilities.OfType<ExtendedNextHopCapability>()
                    .Any(capability => capability.Encodings.Contains(ExtendedNextHop.IPv4OverIPv6)),
            Sent = BuildOpen(settings),
            Received = received,
        });
    }

    // RFC 4760 section 1: a speaker without the capability carries IPv4 unicast, and nothing else.
    private static List<Family> OfferedFamilies(OpenMessage open)
    {
        var capabilities = open.Capabilities.OfType<MultiprotocolCapability>();
        var offered = capabilities.Select(capability => capability.Family).ToList();
        return offered.Count > 0 ? offered : [Family.IPv4Unicast];
    }

    // RFC 7911 section 4: path identifiers are used where one side can send several paths and the other can take them.
    private static ValueList<Family> AddPathFamilies(ValueList<Family> families, OpenMessage open)
    {
        var sending = open.Capabilities.OfType<AddPathCapability>().SelectMany(capability => capability.Families)
            .Where(each => each.Mode.HasFlag(AddPathMode.Send)).Select(each => each.Family).ToHashSet();
        return families.Where(sending.Contains).ToValueList();
    }

    private static AddPathCapability AddPath(PeerSettings settings) =>
        new(settings.Families.Select(family => new AddPathFamily(family, AddPathMode.Receive)).ToValueList());

    private static ValueList<Capability> Multiprotocol(PeerSettings settings) =>
        settings.Families.Select(Capability (family) => new MultiprotocolCapability(family)).ToValueList();

    // F for every family: what forwards is the kernel and the proxy, which go on without this process.
    private static GracefulRestartCapability GracefulRestart(PeerSettings settings, TimeSpan restartTime) => new(
        settings.RestartState == RestartState.Restarted,
        GracefulNotification: true,
        (ushort)restartTime.TotalSeconds,
        settings.Families
            .Select(family => new RestartFamily(family, settings.RestartState != RestartState.None))
            .ToValueList());

    private static OpenRefused BadPeerAs(string reason) => Refuse(OpenMessageError.BadPeerAs, reason);

    private static OpenRefused RoleMismatch(string reason) => Refuse(OpenMessageError.RoleMismatch, reason);

    private static OpenRefused Refuse(byte subcode, string reason, ValueList<byte> data = default) =>
        new(new Notification(ErrorCode.OpenMessage, subcode, data), reason);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

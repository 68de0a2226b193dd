namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// The parts of a decoded UPDATE, in place. Fields that do not parse, and routes of families that the session does
/// not carry, are left empty. After <see cref="Severity.TreatAsWithdraw"/> the announced routes count as withdrawn.
/// </summary>
public readonly ref struct UpdateView
{
    /// <summary>Withdrawn Routes: IPv4 unicast.</summary>
    public ReadOnlySpan<byte> WithdrawnRoutes { get; init; }

    /// <summary>Path Attributes; <see cref="AttributeReader"/> walks them.</summary>
    public ReadOnlySpan<byte> Attributes { get; init; }

    /// <summary>Network Layer Reachability Information: IPv4 unicast.</summary>
    public ReadOnlySpan<byte> Nlri { get; init; }

    /// <summary>Prefixes of MP_REACH_NLRI.</summary>
    public ReadOnlySpan<byte> MpReachNlri { get; init; }

    /// <summary>True when <see cref="MpReachNlri"/> is IPv6 unicast, false for IPv4 unicast.</summary>
    public bool MpReachIsIPv6 { get; init; }

    /// <summary>Prefixes of MP_UNREACH_NLRI.</summary>
    public ReadOnlySpan<byte> MpUnreachNlri { get; init; }

    /// <summary>True when <see cref="MpUnreachNlri"/> is IPv6 unicast, false for IPv4 unicast.</summary>
    public bool MpUnreachIsIPv6 { get; init; }
}

/// <summary>
/// Decodes and judges UPDATE in one pass without allocating, RFC 4271 section 6.3 as RFC 7606 revises it:
/// <code>
/// | header 19 | length 2 | withdrawn routes | length 2 | path attributes | NLRI |
/// </code>
/// </summary>
public static class UpdateDecoder
{
    /// <summary>Decodes one message.</summary>
    /// <param name="message">The whole message, header included, as the framer cut it.</param>
    /// <param name="context">What the session negotiated.</param>
    public static UpdateOutcome Decode(ReadOnlySpan<byte> message, in UpdateContext context) =>
        Decode(message, context, out _);

    /// <summary>Decodes one message and gives its parts.</summary>
    /// <param name="message">The whole message, header included, as the framer cut it.</param>
    /// <param name="context">What the session negotiated.</param>
    /// <param name="view">The parts of the message.</param>
    public static UpdateOutcome Decode(ReadOnlySpan<byte> message, in UpdateContext context, out UpdateView view)
    {
        var pass = new UpdatePass(message, context);
        return pass.Run(out view);
    }
}

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>From whom an attribute is discarded unread.</summary>
internal enum DiscardFrom : byte
{
    /// <summary>Nobody.</summary>
    Nobody,

    /// <summary>External peers, RFC 7606 sections 7.5, 7.9 and 7.10.</summary>
    ExternalPeers,

    /// <summary>Peers with 4-octet AS numbers, RFC 6793 section 6.</summary>
    FourOctetPeers,
}

/// <summary>Judges a value whose flags are right.</summary>
internal delegate UpdateFault AttributeCheck(ReadOnlySpan<byte> value, in UpdateContext context);

/// <summary>Writes a value for people; called with well-formed values only.</summary>
internal delegate string AttributeFormat(ReadOnlySpan<byte> value, in UpdateContext context);

/// <summary>All that the decoder knows about one attribute.</summary>
/// <param name="Code">Its type code.</param>
/// <param name="Name">Its name in IANA's registry.</param>
/// <param name="Flags">The Optional and Transitive flags that it must have.</param>
/// <param name="Malformed">What a malformed value does, RFC 7606 section 7.</param>
/// <param name="Check">What a well-formed value is.</param>
/// <param name="Format">Its value in words.</param>
/// <param name="DiscardFrom">Who may not send it.</param>
internal sealed record AttributeDefinition(
    AttributeCode Code,
    string Name,
    AttributeFlags Flags,
    Severity Malformed,
    AttributeCheck Check,
    AttributeFormat Format,
    DiscardFrom DiscardFrom = DiscardFrom.Nobody);

/// <summary>The path attributes that we know; every other one is opaque.</summary>
internal static class AttributeTable
{
    private const AttributeFlags WellKnown = AttributeFlags.Transitive;
    private const AttributeFlags OptionalTransitive = AttributeFlags.Optional | AttributeFlags.Transitive;
    private const AttributeFlags OptionalNonTransitive = AttributeFlags.Optional;

    private static readonly AttributeDefinition?[] ByCode = Index(
    [
        new(AttributeCode.Origin, "ORIGIN", WellKnown, Severity.TreatAsWithdraw,
            AttributeChecks.Origin, AttributeFormats.Origin),
        new(AttributeCode.AsPath, "AS_PATH", WellKnown, Severity.TreatAsWithdraw,
            AttributeChecks.AsPath, AttributeFormats.AsPath),
        new(AttributeCode.NextHop, "NEXT_HOP", WellKnown, Severity.TreatAsWithdraw,
            AttributeChecks.NextHop, AttributeFormats.Addresses),
        new(AttributeCode.MultiExitDisc, "MULTI_EXIT_DISC", OptionalNonTransitive, Severity.TreatAsWithdraw,
            AttributeChecks.FourOctets, AttributeFormats.Number),
        new(AttributeCode.LocalPref, "LOCAL_PREF", WellKnown, Severity.TreatAsWithdraw,
            AttributeChecks.FourOctets, AttributeFormats.Number, DiscardFrom.ExternalPeers),
        new(AttributeCode.AtomicAggregate, "ATOMIC_AGGREGATE", WellKnown, Severity.AttributeDiscard,
            AttributeChecks.Empty, AttributeFormats.Nothing),
        new(AttributeCode.Aggregator, "AGGREGATOR", OptionalTransitive, Severity.AttributeDiscard,
            AttributeChecks.Aggregator, AttributeFormats.Aggregator),
        new(AttributeCode.Communities, "COMMUNITIES", OptionalTransitive, Severity.TreatAsWithdraw,
            AttributeChecks.FourOctetList, AttributeFormats.Communities),
        new(AttributeCode.OriginatorId, "ORIGINATOR_ID", OptionalNonTransitive, Severity.TreatAsWithdraw,
            AttributeChecks.FourOctets, AttributeFormats.Addresses, DiscardFrom.ExternalPeers),
        new(AttributeCode.ClusterList, "CLUSTER_LIST", OptionalNonTransitive, Severity.TreatAsWithdraw,
            AttributeChecks.FourOctetList, AttributeFormats.Addresses, DiscardFrom.ExternalPeers),
        new(AttributeCode.MpReachNlri, "MP_REACH_NLRI", OptionalNonTransitive, Severity.SessionReset,
            AttributeChecks.MpReach, AttributeFormats.MpReach),
        new(AttributeCode.MpUnreachNlri, "MP_UNREACH_NLRI", OptionalNonTransitive, Severity.SessionReset,
            AttributeChecks.MpUnreach, AttributeFormats.MpUnreach),
        new(AttributeCode.ExtendedCommunities, "EXTENDED_COMMUNITIES", OptionalTransitive, Severity.TreatAsWithdraw,
            AttributeChecks.EightOctetList, AttributeFormats.ExtendedCommunities),
        new(AttributeCode.As4Path, "AS4_PATH", OptionalTransitive, Severity.AttributeDiscard,
            AttributeChecks.As4Path, AttributeFormats.As4Path, DiscardFrom.FourOctetPeers),
        new(AttributeCode.As4Aggregator, "AS4_AGGREGATOR", OptionalTransitive, Severity.AttributeDiscard,
            AttributeChecks.As4Aggregator, AttributeFormats.As4Aggregator, DiscardFrom.FourOctetPeers),
        new(AttributeCode.LargeCommunities, "LARGE_COMMUNITY", OptionalTransitive, Severity.TreatAsWithdraw,
            AttributeChecks.TwelveOctetList, AttributeFormats.LargeCommunities),
        new(AttributeCode.OnlyToCustomer, "ONLY_TO_CUSTOMER", OptionalTransitive, Severity.TreatAsWithdraw,
            AttributeChecks.OnlyToCustomer, AttributeFormats.Number),
    ]);

    /// <summary>The definition, or null for an attribute that we do not know.</summary>
    public static AttributeDefinition? Find(AttributeCode code) => ByCode[(byte)code];

    /// <summary>The registry's name, or <c>attribute</c>.</summary>
    public static string NameOf(AttributeCode code) => Find(code)?.Name ?? "attribute";

    private static AttributeDefinition?[] Index(ReadOnlySpan<AttributeDefinition> definitions)
    {
        var byCode = new AttributeDefinition?[byte.MaxValue + 1];
        foreach (var definition in definitions)
            byCode[(byte)definition.Code] = definition;
        return byCode;
    }
}

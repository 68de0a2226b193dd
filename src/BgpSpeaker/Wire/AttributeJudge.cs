using System.Runtime.CompilerServices;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// Judges one attribute after the other, the same for decoding and for describing: repetition, flags, sender, value.
/// </summary>
internal static class AttributeJudge
{
    private const AttributeFlags JudgedFlags = AttributeFlags.Optional | AttributeFlags.Transitive;

    /// <summary>Judges one attribute and notes that it came.</summary>
    /// <param name="seen">The attributes before it.</param>
    /// <param name="attribute">The attribute.</param>
    /// <param name="context">What the session negotiated.</param>
    /// <param name="severity">What the fault does.</param>
    public static UpdateFault Judge(
        ref SeenAttributes seen, in RawAttribute attribute, in UpdateContext context, out Severity severity)
    {
        if (!seen.Add(attribute.Code))
            return Repeated(attribute.Code, out severity);
        severity = Severity.None;
        if (AttributeTable.Find(attribute.Code) is not { } definition)
        {
            if ((attribute.Flags & AttributeFlags.Optional) != 0)
                return UpdateFault.None;
            severity = Severity.SessionReset;
            return UpdateFault.UnrecognizedWellKnown;
        }
        var fault = Judge(definition, attribute, context);
        if (fault != UpdateFault.None)
            severity = SeverityOf(fault, definition);
        return fault;
    }

    // RFC 7606 section 3 g: MP_REACH_NLRI or MP_UNREACH_NLRI more than once: "a NOTIFICATION message MUST be sent with
    // the Error Subcode 'Malformed Attribute List'"; of any other attribute the first occurrence counts.
    private static UpdateFault Repeated(AttributeCode code, out Severity severity)
    {
        var isMultiprotocol = code is AttributeCode.MpReachNlri or AttributeCode.MpUnreachNlri;
        severity = isMultiprotocol ? Severity.SessionReset : Severity.AttributeDiscard;
        return isMultiprotocol ? UpdateFault.DuplicateMultiprotocol : UpdateFault.DuplicateAttribute;
    }

    private static UpdateFault Judge(
        AttributeDefinition definition, in RawAttribute attribute, in UpdateContext context)
    {
        // RFC 7606 section 3 c looks at the Optional and Transitive bits only.
        if ((attribute.Flags & JudgedFlags) != definition.Flags)
            return UpdateFault.AttributeFlags;
        if (definition.DiscardFrom == DiscardFrom.ExternalPeers && context.IsExternal)
            return UpdateFault.InternalOnlyAttribute;
        if (definition.DiscardFrom == DiscardFrom.FourOctetPeers && context.FourOctetAs)
            return UpdateFault.TwoOctetOnlyAttribute;
        return definition.Check(attribute.Value, context);
    }

    private static Severity SeverityOf(UpdateFault fault, AttributeDefinition definition) => fault switch
    {
        UpdateFault.InternalOnlyAttribute or UpdateFault.TwoOctetOnlyAttribute => Severity.AttributeDiscard,
        // Whatever a malformed value of the attribute does: RFC 7606 section 3 c, RFC 4271 section 9.1.2.
        UpdateFault.AttributeFlags or UpdateFault.AsLoop or UpdateFault.RouteLeak or UpdateFault.UnusableNextHop =>
            Severity.TreatAsWithdraw,
        _ => definition.Malformed,
    };
}

/// <summary>Which attribute codes came already: one bit for each of the 256.</summary>
[InlineArray(4)]
internal struct SeenAttributes
{
    private ulong _element;

    /// <summary>Notes <paramref name="code"/>; false when it was there.</summary>
    public bool Add(AttributeCode code)
    {
        ref var word = ref this[(byte)code >> 6];
        var bit = 1UL << ((byte)code & 63);
        var isNew = (word & bit) == 0;
        word |= bit;
        return isNew;
    }

    /// <summary>True when it was there.</summary>
    public readonly bool Contains(AttributeCode code) =>
        (this[(byte)code >> 6] & (1UL << ((byte)code & 63))) != 0;
}

using System.Diagnostics;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>What one UPDATE did. Routes of families that the session does not carry are not counted.</summary>
public readonly record struct UpdateOutcome
{
    /// <summary>The strongest action that any error of the message demands.</summary>
    public Severity Severity { get; init; }

    /// <summary>The first error of that strength.</summary>
    public UpdateFault Fault { get; init; }

    /// <summary>Which attribute the error is in; null when it is in none.</summary>
    public AttributeCode? Attribute { get; init; }

    /// <summary>Where in the message the error is, in octets from its start; 0 for a missing attribute.</summary>
    public int Offset { get; init; }

    /// <summary>IPv4 prefixes announced; 0 after treat-as-withdraw.</summary>
    public int AnnouncedIPv4 { get; init; }

    /// <summary>IPv6 prefixes announced; 0 after treat-as-withdraw.</summary>
    public int AnnouncedIPv6 { get; init; }

    /// <summary>IPv4 prefixes withdrawn, those treated as withdrawn included.</summary>
    public int WithdrawnIPv4 { get; init; }

    /// <summary>IPv6 prefixes withdrawn, those treated as withdrawn included.</summary>
    public int WithdrawnIPv6 { get; init; }

    /// <summary>How many attributes were discarded.</summary>
    public int DiscardedAttributes { get; init; }

    /// <summary>The family whose initial routes are complete, RFC 4724 section 2; mostly null.</summary>
    public Family? EndOfRib { get; init; }

    /// <summary>How many octets from <see cref="Offset"/> on the faulty attribute takes, 0 without one.</summary>
    internal int FaultLength { get; init; }

    /// <summary>The NOTIFICATION owed after <see cref="Severity.SessionReset"/>.</summary>
    /// <param name="message">The message that was decoded: the data comes from it.</param>
    public Notification ToNotification(ReadOnlySpan<byte> message)
    {
        Debug.Assert(Severity == Severity.SessionReset, "Only a session reset owes a NOTIFICATION.");
        var attributeLength = UpdateFaultTable.DataIsAttribute(Fault) ? FaultLength : 0;
        var length = Math.Min(attributeLength, Notification.MaximumDataLength);
        return new(ErrorCode.UpdateMessage, UpdateFaultTable.Subcode(Fault), [.. message.Slice(Offset, length)]);
    }

    /// <summary>For people, in one line: <c>ORIGIN (1) at octet 25: undefined origin: treat-as-withdraw</c>.</summary>
    public string Describe()
    {
        if (Fault == UpdateFault.None)
            return "no error";
        var what = UpdateFaultTable.Text(Fault);
        var where = Attribute is { } code ? $"{AttributeTable.NameOf(code)} ({(byte)code})" : "UPDATE";
        var at = Fault == UpdateFault.MissingAttribute ? "" : $" at octet {Offset}";
        return $"{where}{at}: {what}: {SeverityName(Severity)}";
    }

    /// <summary>RFC 7606's name of an action: <c>treat-as-withdraw</c>.</summary>
    public static string SeverityName(Severity severity) => severity switch
    {
        Severity.None => "none",
        Severity.AttributeDiscard => "attribute-discard",
        Severity.TreatAsWithdraw => "treat-as-withdraw",
        _ => "session-reset",
    };
}

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>The content of a NOTIFICATION message, RFC 4271 section 4.5: sent, received, or owed to the peer.</summary>
/// <param name="Code">Which kind of error.</param>
/// <param name="Subcode">Which error of that kind; 0 where none is defined.</param>
/// <param name="Data">What belongs to it; only octets that were received or that the RFC prescribes.</param>
public sealed record Notification(ErrorCode Code, byte Subcode, ValueList<byte> Data = default)
{
    /// <summary>The most data, in octets, that fits a NOTIFICATION without extended messages.</summary>
    public const int MaximumDataLength = MessageSize.Maximum - MessageSize.MinimumNotification;

    /// <summary>The reason inside a hard reset (RFC 8538 section 3.1); any other NOTIFICATION itself.</summary>
    public Notification Unwrap() =>
        this is { Code: ErrorCode.Cease, Subcode: CeaseError.HardReset, Data: { Count: >= 2 } data }
            ? new((ErrorCode)data[0], data[1], [.. data.AsSpan()[2..]])
            : this;
}

/// <summary>
/// What an error does, in rising order: RFC 7606 section 2, "the approach with the strongest action" wins.
/// </summary>
public enum Severity
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The attribute is dropped, the routes stand.</summary>
    AttributeDiscard,

    /// <summary>The routes of the UPDATE count as withdrawn.</summary>
    TreatAsWithdraw,

    /// <summary>A NOTIFICATION is sent and the session ends.</summary>
    SessionReset,
}

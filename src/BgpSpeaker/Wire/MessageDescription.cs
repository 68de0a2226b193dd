namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>One field of a message in words.</summary>
/// <param name="Name">What it is: <c>hold time</c>.</param>
/// <param name="Value">Its value: <c>90 s</c>.</param>
public sealed record DescribedField(string Name, string Value);

/// <summary>One path attribute in words.</summary>
/// <param name="Code">Its type code.</param>
/// <param name="Name">Its name, <c>attribute</c> for an unknown one.</param>
/// <param name="Flags">Its flags by name, lower case: <c>optional transitive partial</c>.</param>
/// <param name="Value">Its value in words, or in hexadecimal digits when it is unknown or malformed.</param>
/// <param name="Severity">What an error in it does.</param>
/// <param name="Fault">The error in words; empty for none.</param>
public sealed record DescribedAttribute(
    byte Code, string Name, string Flags, string Value, Severity Severity, string Fault);

/// <summary>One message in words, and what a speaker does with it.</summary>
public sealed record MessageDescription
{
    /// <summary><c>UPDATE</c>; <c>malformed</c> or <c>incomplete</c> when the bytes are no message.</summary>
    public required string Type { get; init; }

    /// <summary>How many octets the message takes; all that were given when they are no message.</summary>
    public required int Length { get; init; }

    /// <summary>The fields, in the order of the message.</summary>
    public ValueList<DescribedField> Fields { get; init; }

    /// <summary>The path attributes of an UPDATE, in the order of the message.</summary>
    public ValueList<DescribedAttribute> Attributes { get; init; }

    /// <summary>Prefixes that an UPDATE withdraws.</summary>
    public ValueList<Prefix> Withdrawn { get; init; }

    /// <summary>Prefixes in the NLRI of an UPDATE; withdrawn where <see cref="Severity"/> says so.</summary>
    public ValueList<Prefix> Announced { get; init; }

    /// <summary>What the message does to the session or the routes because of an error.</summary>
    public Severity Severity { get; init; }

    /// <summary>The strongest error in words; empty for none.</summary>
    public string Fault { get; init; } = "";

    /// <summary>The NOTIFICATION owed; null for none.</summary>
    public Notification? Owed { get; init; }
}

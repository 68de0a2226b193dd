using System.Globalization;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Decode;

/// <summary>Decoded messages for people: a heading each, then one line for everything in it.</summary>
internal static class DecodeText
{
    /// <summary>UTC, to the microsecond.</summary>
    public const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.ffffffZ";

    public static void Write(IEnumerable<DecodedMessage> messages, TextWriter output)
    {
        foreach (var decoded in messages)
        {
            var message = decoded.Description;
            output.WriteLine($"{Place(decoded)}: {message.Type}, {message.Length} octets");
            foreach (var field in message.Fields)
                Line(field.Name, field.Value);
            foreach (var prefix in message.Withdrawn)
                Line("withdrawn", $"{prefix}");
            foreach (var attribute in message.Attributes)
                Line("attribute", Attribute(attribute));
            foreach (var prefix in message.Announced)
                Line("announced", $"{prefix}");
            Line("error", message.Fault.Length == 0 ? "none" : message.Fault);
            Line("action", decoded.Action);
            if (message.Owed is { } owed)
                Line("notification owed", $"{(byte)owed.Code}/{owed.Subcode} {NotificationText.Describe(owed)}");
        }

        void Line(string label, string value) => output.WriteLine($"  {label,-20}  {Table.Printable(value)}".TrimEnd());
    }

    private static string Place(DecodedMessage decoded)
    {
        if (decoded.Origin is not { } origin)
            return string.Create(CultureInfo.InvariantCulture, $"octet {decoded.Offset}");
        var time = origin.Time?.ToString(TimeFormat, CultureInfo.InvariantCulture) ?? "no time";
        return $"{time} {origin.Source} > {origin.Destination}";
    }

    private static string Attribute(DescribedAttribute attribute)
    {
        var fault = attribute.Fault.Length == 0
            ? ""
            : $" ({attribute.Fault}: {UpdateOutcome.SeverityName(attribute.Severity)})";
        return $"{attribute.Name} ({attribute.Code}), {attribute.Flags}: {attribute.Value}{fault}";
    }
}

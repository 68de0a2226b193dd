using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>NOTIFICATIONs in words.</summary>
public static class NotificationText
{
    private static readonly string[] CodeNames =
    [
        "", "Message Header Error", "OPEN Message Error", "UPDATE Message Error", "Hold Timer Expired",
        "Finite State Machine Error", "Cease", "ROUTE-REFRESH Message Error", "Send Hold Timer Expired",
    ];

    // Indexed by code, then by subcode; IANA's registry, an empty name where nothing is assigned.
    private static readonly string[][] SubcodeNames =
    [
        [],
        ["", "Connection Not Synchronized", "Bad Message Length", "Bad Message Type"],
        ["Unspecific", "Unsupported Version Number", "Bad Peer AS", "Bad BGP Identifier",
            "Unsupported Optional Parameter", "", "Unacceptable Hold Time", "Unsupported Capability", "",
            "", "", "Role Mismatch"],
        ["", "Malformed Attribute List", "Unrecognized Well-known Attribute", "Missing Well-known Attribute",
            "Attribute Flags Error", "Attribute Length Error", "Invalid ORIGIN Attribute", "",
            "Invalid NEXT_HOP Attribute", "Optional Attribute Error", "Invalid Network Field", "Malformed AS_PATH"],
        [],
        ["", "Receive Unexpected Message in OpenSent State", "Receive Unexpected Message in OpenConfirm State",
            "Receive Unexpected Message in Established State"],
        ["", "Maximum Number of Prefixes Reached", "Administrative Shutdown", "Peer De-configured",
            "Administrative Reset", "Connection Rejected", "Other Configuration Change",
            "Connection Collision Resolution", "Out of Resources", "Hard Reset", "BFD Down"],
        ["", "Invalid Message Length"],
        [],
    ];

    /// <summary>
    /// Names and data in one line: <c>Cease/Administrative Shutdown: kernel upgrade</c>. RFC 9003 text and RFC 4486
    /// prefix limits are decoded, other data and text that is no UTF-8 is given in hexadecimal digits, control
    /// characters are escaped.
    /// </summary>
    public static string Describe(Notification notification)
    {
        var reason = notification.Unwrap();
        return ReferenceEquals(reason, notification)
            ? DescribePlain(notification)
            : $"{Name(notification)}: {DescribePlain(reason)}";
    }

    /// <summary>Code and subcode in words: <c>Cease/Administrative Shutdown</c>; in numbers where unassigned.</summary>
    public static string Name(Notification notification)
    {
        var code = (byte)notification.Code;
        if (code == 0 || code >= CodeNames.Length)
            return string.Create(CultureInfo.InvariantCulture, $"error {code}/{notification.Subcode}");
        var names = SubcodeNames[code];
        var subcode = notification.Subcode < names.Length ? names[notification.Subcode] : "";
        if (subcode.Length == 0 && notification.Subcode != 0)
            subcode = notification.Subcode.ToString(CultureInfo.InvariantCulture);
        return subcode.Length == 0 ? CodeNames[code] : $"{CodeNames[code]}/{subcode}";
    }

    /// <summary>Makes text of a stranger fit for one line of a terminal: control characters become escapes.</summary>
    public static string Printable(string text)
    {
        if (!text.Any(char.IsControl))
            return text;
        var printable = new StringBuilder();
        foreach (var character in text)
        {
            if (char.IsControl(character))
                printable.Append(CultureInfo.InvariantCulture, $"\\x{(int)character:x2}");
            else
                printable.Append(character);
        }
        return printable.ToString();
    }

    private static string DescribePlain(Notification notification)
    {
        if (notification.Data.Count == 0)
            return Name(notification);
        var text = ShutdownText(notification) ?? PrefixLimit(notification) ?? notification.Data.ToString();
        return text.Length == 0 ? Name(notification) : $"{Name(notification)}: {text}";
    }

    // RFC 4486 section 4: AFI, SAFI and, in four octets, the limit; null when the data is not that.
    private static string? PrefixLimit(Notification notification)
    {
        if (notification is not
            { Code: ErrorCode.Cease, Subcode: CeaseError.MaximumNumberOfPrefixesReached, Data.Count: 7 })
            return null;
        var data = notification.Data.AsSpan();
        var family = new Family(BinaryPrimitives.ReadUInt16BigEndian(data), data[2]);
        var limit = BinaryPrimitives.ReadUInt32BigEndian(data[3..]);
        return string.Create(CultureInfo.InvariantCulture, $"{family}, at most {limit}");
    }

    // RFC 9003 section 2: one octet of length and that much UTF-8; null when the data is not that.
    private static string? ShutdownText(Notification notification)
    {
        if (notification is not
            { Code: ErrorCode.Cease, Subcode: CeaseError.AdministrativeShutdown or CeaseError.AdministrativeReset })
            return null;
        var data = notification.Data.AsSpan();
        var text = Encoding.UTF8.GetString(data[1..]);
        // What is no UTF-8 was replaced and does not come back.
        var isIntact = data[0] == data.Length - 1 && data[1..].SequenceEqual(Encoding.UTF8.GetBytes(text));
        return isIntact ? Printable(text) : null;
    }
}

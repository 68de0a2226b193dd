using System.Buffers.Binary;
using System.Text;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>The Cease NOTIFICATIONs of the session machines (RFC 4486, RFC 9003).</summary>
public static class Cease
{
    /// <summary>RFC 9003 section 2: the length octet of the Shutdown Communication counts up to this many.</summary>
    public const int MaximumTextOctets = 255;

    /// <summary>Cease/7 for the connection that a collision or an Established session makes superfluous.</summary>
    public static readonly Notification ConnectionCollisionResolution =
        new(ErrorCode.Cease, CeaseError.ConnectionCollisionResolution);

    /// <summary>Cease/6.</summary>
    public static readonly Notification OtherConfigurationChange =
        new(ErrorCode.Cease, CeaseError.OtherConfigurationChange);

    /// <summary>Cease/10, RFC 9384.</summary>
    public static readonly Notification BfdDown = new(ErrorCode.Cease, CeaseError.BfdDown);

    /// <summary>Cease/1 with the data of RFC 4486 section 4: AFI, SAFI and, in four octets, the limit.</summary>
    /// <param name="family">Of which family the peer announced too many prefixes.</param>
    /// <param name="limit">How many it may announce.</param>
    public static Notification MaximumNumberOfPrefixesReached(Family family, uint limit)
    {
        var data = new byte[7];
        BinaryPrimitives.WriteUInt16BigEndian(data, family.Afi);
        data[2] = family.Safi;
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(3), limit);
        return new(ErrorCode.Cease, CeaseError.MaximumNumberOfPrefixesReached, [.. data]);
    }

    /// <summary>Cease/2.</summary>
    /// <param name="text">Cut to <see cref="MaximumTextOctets"/> of UTF-8; empty for none.</param>
    public static Notification AdministrativeShutdown(string text) =>
        new(ErrorCode.Cease, CeaseError.AdministrativeShutdown, Communication(text));

    /// <summary>Cease/4.</summary>
    /// <param name="text">Cut to <see cref="MaximumTextOctets"/> of UTF-8; empty for none.</param>
    public static Notification AdministrativeReset(string text) =>
        new(ErrorCode.Cease, CeaseError.AdministrativeReset, Communication(text));

    /// <summary>Cease/9: the peer shall keep no routes although it agreed on N (RFC 8538 section 3.1).</summary>
    /// <param name="reason">The NOTIFICATION that says why.</param>
    public static Notification HardReset(Notification reason) =>
        new(ErrorCode.Cease, CeaseError.HardReset, [(byte)reason.Code, reason.Subcode, .. reason.Data]);

    /// <summary>
    /// True for a Cease after which the session is not to come back soon, or the path is dead: with RFC 8538 it must be
    /// a hard reset (its section 5.1), or the peer would keep the routes for the restart time.
    /// </summary>
    public static bool EndsForGood(Notification notification) =>
        notification is
        {
            Code: ErrorCode.Cease,
            Subcode: CeaseError.MaximumNumberOfPrefixesReached or CeaseError.AdministrativeShutdown
                or CeaseError.PeerDeconfigured or CeaseError.BfdDown,
        };

    // RFC 9003 section 2: one octet of length, then "a free-form UTF-8 text string".
    private static ValueList<byte> Communication(string text)
    {
        if (text.Length == 0)
            return [];
        Span<byte> data = stackalloc byte[1 + MaximumTextOctets];
        // The encoder stops in front of the first character that does not fit whole.
        Encoding.UTF8.GetEncoder().Convert(
            text, data[1..], flush: true, out _, out var octets, completed: out _);
        data[0] = (byte)octets;
        return [.. data[..(1 + octets)]];
    }
}

using System.Diagnostics.CodeAnalysis;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>What a ROUTE-REFRESH means, RFC 7313 section 3.2. Other values are ignored.</summary>
public enum RouteRefreshSubtype : byte
{
    /// <summary>A request for the Adj-RIB-Out, RFC 2918.</summary>
    Request = 0,

    /// <summary>Beginning of Route Refresh.</summary>
    BeginningOfRouteRefresh = 1,

    /// <summary>End of Route Refresh.</summary>
    EndOfRouteRefresh = 2,
}

/// <summary>The content of a ROUTE-REFRESH message, RFC 2918 section 3.</summary>
/// <param name="Family">Which routes.</param>
/// <param name="Subtype">Only <see cref="RouteRefreshSubtype.Request"/> asks for an answer.</param>
public readonly record struct RouteRefresh(Family Family, RouteRefreshSubtype Subtype);

/// <summary>Decodes ROUTE-REFRESH: <c>| header 19 | AFI 2 | subtype 1 | SAFI 1 |</c>.</summary>
public static class RouteRefreshDecoder
{
    /// <summary>Decodes one message.</summary>
    /// <param name="message">The whole message, header included, as the framer cut it.</param>
    /// <param name="isEnhanced">Both sides announced RFC 7313.</param>
    /// <param name="refresh">The content.</param>
    /// <param name="error">The NOTIFICATION owed for a length other than 23: N7/1, or N1/2 without RFC 7313.</param>
    public static bool TryDecode(
        ReadOnlySpan<byte> message,
        bool isEnhanced,
        out RouteRefresh refresh,
        [NotNullWhen(false)] out Notification? error)
    {
        refresh = default;
        error = null;
        var cursor = new WireCursor(message);
        if (message.Length != MessageSize.RouteRefresh
            || !cursor.TryTake(MessageSize.Header, out _) || !cursor.TryReadUInt16(out var afi)
            || !cursor.TryReadByte(out var subtype) || !cursor.TryReadByte(out var safi))
        {
            error = WrongLength(message, isEnhanced);
            return false;
        }
        // RFC 2918 section 3: the octet is "reserved", "set to 0 by the sender and ignored by the receiver".
        refresh = new(new Family(afi, safi), isEnhanced ? (RouteRefreshSubtype)subtype : RouteRefreshSubtype.Request);
        return true;
    }

    // RFC 7313 section 5: "The Data field of the NOTIFICATION message MUST contain the complete ROUTE-REFRESH message",
    // as far as it fits.
    private static Notification WrongLength(ReadOnlySpan<byte> message, bool isEnhanced) =>
        isEnhanced
            ? new(ErrorCode.RouteRefreshMessage, RouteRefreshError.InvalidMessageLength,
                [.. message[..Math.Min(message.Length, Notification.MaximumDataLength)]])
            : Framer.BadLength(message);
}

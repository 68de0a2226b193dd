using System.Net;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>BGP identifiers as routers show them.</summary>
public static class BgpIdentifierText
{
    /// <summary>In the dotted form of an IPv4 address, RFC 6286 section 2.1: <c>10.0.1.2</c>.</summary>
    public static string Of(uint identifier) => new IPAddress(
        (ReadOnlySpan<byte>)
        [
            (byte)(identifier >> 24), (byte)(identifier >> 16), (byte)(identifier >> 8), (byte)identifier,
        ]).ToString();
}

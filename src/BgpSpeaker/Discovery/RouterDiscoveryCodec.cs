using System.Net;

namespace AnycastVip.BgpSpeaker.Discovery;

/// <summary>
/// The ICMPv6 messages of router discovery, RFC 4861 sections 4.1 and 4.2; the kernel fills in and verifies checksums:
/// <code>
/// solicitation:  | type 133 | code 0 | checksum 2 | reserved 4 |
/// advertisement: | type 134 | code 0 | checksum 2 | hop limit 1 | flags 1 | lifetime 2 | reachable 4 | retrans 4 |
/// option:        | type 1 | length in 8 octets 1 | value |
/// </code>
/// </summary>
public static class RouterDiscoveryCodec
{
    /// <summary>ICMPv6 type of a Router Solicitation.</summary>
    public const byte Solicitation = 133;

    /// <summary>ICMPv6 type of a Router Advertisement.</summary>
    public const byte Advertisement = 134;

    /// <summary>The hop limit that proves a message to come from the link, RFC 4861 section 6.1.2.</summary>
    public const int HopLimit = 255;

    private const int SolicitationLength = 8;
    private const int AdvertisementLength = 16;
    private const int OptionUnit = 8;

    /// <summary>A Router Solicitation without options.</summary>
    public static byte[] EncodeSolicitation()
    {
        var message = new byte[SolicitationLength];
        message[0] = Solicitation;
        return message;
    }

    /// <summary>
    /// A Router Advertisement that says that we are here and nothing else. Its lifetime of 0 keeps every host from
    /// taking us as a default router (RFC 4861 section 4.2).
    /// </summary>
    public static byte[] EncodeAdvertisement()
    {
        var message = new byte[AdvertisementLength];
        message[0] = Advertisement;
        return message;
    }

    /// <summary>True for a Router Advertisement that passes every check of RFC 4861 section 6.1.2.</summary>
    /// <param name="message">From the ICMPv6 header on; its checksum is right.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="hopLimit">The hop limit with which it came.</param>
    public static bool IsAdvertisement(ReadOnlySpan<byte> message, IPAddress source, int hopLimit) =>
        source.IsIPv6LinkLocal && hopLimit == HopLimit
        && message.Length >= AdvertisementLength && message[0] == Advertisement && message[1] == 0
        && AreOptions(message[AdvertisementLength..]);

    // "All included options have a length that is greater than zero."
    private static bool AreOptions(ReadOnlySpan<byte> options)
    {
        while (options.Length > 1)
        {
            var length = options[1] * OptionUnit;
            if (length == 0 || length > options.Length)
                return false;
            options = options[length..];
        }
        return options.IsEmpty;
    }
}

using System.Globalization;
using System.Net;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>What this speaker may announce at all, whatever clients ask for. An empty list permits nothing.</summary>
public sealed class AllowList(ValueList<AllowedPrefix> lines)
{
    // Shorter prefixes cover so much that no service is meant; a line of the list cannot permit them either.
    private const byte MinimumLengthIPv4 = 8;
    private const byte MinimumLengthIPv6 = 16;

    // RFC 6890: no router forwards to these. ::/8 holds ::, ::1 and IPv4-mapped addresses.
    private static readonly (Prefix Prefix, string Name)[] NeverRoutable =
    [
        (Known("0.0.0.0", 8), "\"this network\""),
        (Known("127.0.0.0", 8), "loopback"),
        (Known("169.254.0.0", 16), "link-local"),
        (Known("224.0.0.0", 4), "multicast"),
        (Known("240.0.0.0", 4), "reserved"),
        (Known("::", 8), "unspecified, loopback or IPv4-mapped"),
        (Known("fe80::", 10), "link-local"),
        (Known("ff00::", 8), "multicast"),
    ];

    /// <summary>The lines, in the order of the configuration.</summary>
    public ValueList<AllowedPrefix> Lines { get; } = lines;

    /// <summary>Null when <paramref name="prefix"/> may be announced, else why not and the remedy.</summary>
    public string? Judge(Prefix prefix)
    {
        var minimum = prefix.IsIPv6 ? MinimumLengthIPv6 : MinimumLengthIPv4;
        if (prefix.Length < minimum)
            return string.Create(CultureInfo.InvariantCulture,
                $"{prefix} is shorter than /{minimum}, which is never announced: announce the service's own prefix");
        foreach (var (special, name) in NeverRoutable)
        {
            if (special.Contains(prefix))
                return $"{prefix} is {name} address space, which no router forwards: announce a unicast prefix";
        }
        foreach (var line in Lines)
        {
            if (line.Permits(prefix))
                return null;
        }
        return Refusal(prefix);
    }

    private string Refusal(Prefix prefix)
    {
        if (Lines.Count == 0)
            return $"{prefix} is not allowed: the speaker's allow-list is empty; add {prefix} to it";
        foreach (var line in Lines)
        {
            if (line.Prefix.Contains(prefix))
                return $"{prefix} has a length that the speaker's allow-list does not permit ({line}): "
                    + "announce a permitted length or change the line";
        }
        return $"{prefix} is outside the speaker's allow-list: add it there if this node is meant to announce it";
    }

    private static Prefix Known(string address, int length) => Prefix.Create(IPAddress.Parse(address), length)!.Value;
}

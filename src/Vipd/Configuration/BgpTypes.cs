using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>A peer's address with the interface that a link-local address is reached through.</summary>
/// <param name="Address">The address, without scope.</param>
/// <param name="Interface">What stands behind the <c>%</c>, or null.</param>
internal sealed record ScopedAddress(IPAddress Address, string? Interface)
{
    /// <summary>As in the file: <c>fe80::1%eth0</c>.</summary>
    public override string ToString() => Interface is null ? $"{Address}" : $"{Address}%{Interface}";
}

/// <summary>The types of value that a BGP speaker's configuration needs.</summary>
internal static class BgpTypes
{
    /// <summary>The name of a node, site or peer: it shows up in views, file names and logs.</summary>
    public static ScalarType<string> Name { get; } = new(
        "name: 1–64 of A–Z a–z 0–9 . _ -",
        """{"type":"string","pattern":"^[A-Za-z0-9._-]{1,64}$"}""",
        scalar => IsName(scalar.Text)
            ? scalar.Text
            : new Refused($"{scalar.Text.Quoted()} is not a name of 1–64 of the characters A–Z a–z 0–9 . _ -"));

    /// <summary>The network interface's name as Linux allows it.</summary>
    public static ScalarType<string> Interface { get; } = new(
        "interface name of 1–15 characters",
        """{"type":"string","minLength":1,"maxLength":15}""",
        scalar => IsInterface(scalar.Text)
            ? scalar.Text
            : new Refused($"{scalar.Text.Quoted()} is not an interface's name"));

    /// <summary>An AS number, RFC 6793, in decimal (asplain, RFC 5396).</summary>
    public static ScalarType<uint> Asn { get; } = new(
        "AS number 1–4294967295 without 23456",
        """{"type":"integer","minimum":1,"maximum":4294967295,"not":{"const":23456}}""",
        ReadAsn);

    /// <summary>A BGP identifier, RFC 6286: written as an IPv4 address, any but 0.0.0.0.</summary>
    public static ScalarType<uint> RouterId { get; } = new(
        "IPv4 address but 0.0.0.0",
        """{"type":"string","format":"ipv4"}""",
        scalar =>
        {
            if (!ScalarTypes.TryParseAddress(scalar.Text, out var address)
                || address.AddressFamily != AddressFamily.InterNetwork)
                return new Refused($"{scalar.Text.Quoted()} is not written as an IPv4 address");
            var number = BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
            return number != 0 ? number : new Refused("0.0.0.0 identifies nobody (RFC 6286)");
        });

    /// <summary>An address that a single host can have, link-local ones with <c>%interface</c>.</summary>
    public static ScalarType<ScopedAddress> PeerAddress { get; } = new(
        "IP address, a link-local one with %interface",
        """{"type":"string"}""",
        ReadPeerAddress);

    /// <summary>An address that a single host can have.</summary>
    public static ScalarType<IPAddress> HostAddress { get; } = new(
        "IP address of a host",
        """{"type":"string"}""",
        scalar => ReadHostAddress(scalar.Text));

    /// <summary>An address that routers can send to this node, as next hop of prefixes of its own family.</summary>
    public static ScalarType<IPAddress> NextHop(AddressFamily family)
    {
        var name = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
        return new(
            $"{name} address of this node",
            $$"""{"type":"string","format":"{{name.ToLowerInvariant()}}"}""",
            scalar =>
            {
                var result = ReadHostAddress(scalar.Text);
                if (result.Refusal is not null)
                    return result;
                if (result.Value.AddressFamily != family)
                    return new Refused($"{scalar.Text} is no {name} address");
                // RFC 2545 section 3: the first next hop is a global address.
                return IPAddress.IsLoopback(result.Value) || result.Value.IsIPv6LinkLocal
                    ? new Refused($"{scalar.Text} leads no router to this node")
                    : result;
            });
    }

    /// <summary>Where to listen: an address or the wildcard, with its port.</summary>
    public static ScalarType<IPEndPoint> EndPoint { get; } = new(
        "address and port: 192.0.2.1:179 or [2001:db8::1]:179",
        """{"type":"string","pattern":":[0-9]{1,5}$"}""",
        ReadEndPoint);

    /// <summary>A prefix in CIDR notation without host bits.</summary>
    public static ScalarType<Prefix> Prefix { get; } = new(
        "prefix such as 203.0.113.0/24",
        """{"type":"string","pattern":"/[0-9]{1,3}$"}""",
        ReadPrefix);

    /// <summary>An address family, unicast.</summary>
    public static ScalarType<Family> Family { get; } =
        ScalarTypes.Choice(("ipv4", BgpSpeaker.Wire.Family.IPv4Unicast), ("ipv6", BgpSpeaker.Wire.Family.IPv6Unicast));

    /// <summary>A role, RFC 9234.</summary>
    public static ScalarType<BgpRole> Role { get; } = ScalarTypes.Choice([.. BgpRoles.Named]);

    /// <summary>The hold time: RFC 4271 section 4.2 allows 0, or at least 3 seconds; the field has 16 bits.</summary>
    public static ScalarType<TimeSpan> HoldTime { get; } = new(
        "0s, or duration 3s–65535s in whole seconds",
        ScalarTypes.Duration(TimeSpan.Zero, TimeSpan.FromSeconds(ushort.MaxValue)).JsonSchema,
        ReadHoldTime);

    /// <summary>The restart time of RFC 4724 section 3, at most 20 s here: the field has whole seconds.</summary>
    public static ScalarType<TimeSpan> RestartTime { get; } = new(
        "duration 0s–20s in whole seconds",
        ScalarTypes.Duration(TimeSpan.Zero, TimeSpan.FromSeconds(20)).JsonSchema,
        scalar => ReadSeconds(scalar, TimeSpan.FromSeconds(20)));

    /// <summary>A community, RFC 1997: two numbers or a well-known name.</summary>
    public static ScalarType<uint> Community { get; } = new(
        $"community: 65001:100, or {string.Join(", ", CommunityText.WellKnown.Select(named => named.Name))}",
        """{"type":"string"}""",
        ReadCommunity);

    /// <summary>A large community, RFC 8092: three numbers.</summary>
    public static ScalarType<LargeCommunity> LargeCommunity { get; } = new(
        "large community: 65001:1:2",
        """{"type":"string","pattern":"^[0-9]+:[0-9]+:[0-9]+$"}""",
        scalar => CommunityText.TryParseLarge(scalar.Text, out var community)
            ? community
            : new Refused($"{scalar.Text.Quoted()} is not three numbers 0–4294967295 such as 65001:1:2"));

    /// <summary>An extended community, RFC 4360.</summary>
    public static ScalarType<ExtendedCommunity> ExtendedCommunity { get; } = new(
        "extended community: rt:65001:100, soo:192.0.2.1:7, or 0x and 16 hexadecimal digits",
        """{"type":"string","pattern":"^((rt|soo):[0-9.]+:[0-9]+|0x[0-9a-fA-F]{16})$"}""",
        scalar => ExtendedCommunityText.TryParse(scalar.Text, out var community)
            ? community
            : new Refused(
                $"{scalar.Text.Quoted()} is neither like rt:65001:100, rt:4200000001:100 or soo:192.0.2.1:7 (of both "
                + "numbers only one can pass 65535) nor 0x and 16 hexadecimal digits"));

    private static bool IsName(string text) =>
        text.Length is >= 1 and <= 64
        && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-');

    // dev_valid_name in Linux: 15 octets, no slash, colon or space, and neither "." nor "..".
    private static bool IsInterface(string text) =>
        text.Length is >= 1 and <= 15 && text is not ("." or "..")
        && text.All(letter => letter is > ' ' and < '\x7f' and not ('/' or ':' or '%'));

    private static ScalarResult<uint> ReadAsn(YamlScalar scalar)
    {
        if (scalar.Text.Split('.') is [var high, var low]
            && Number(high, ushort.MaxValue) is { } upper && Number(low, ushort.MaxValue) is { } lower)
            return new Refused($"{scalar.Text} is asdot notation: write {((long)upper << 16) + lower}");
        var result = ScalarTypes.Integer(1, uint.MaxValue).Read(scalar);
        if (result.Refusal is not null)
            return new Refused(result.Refusal);
        return result.Value == AsNumber.Trans
            ? new Refused("23456 is AS_TRANS and nobody's own number (RFC 6793)")
            : (uint)result.Value;
    }

    private static ScalarResult<ScopedAddress> ReadPeerAddress(YamlScalar scalar)
    {
        var percent = scalar.Text.IndexOf('%', StringComparison.Ordinal);
        var host = ReadHostAddress(percent < 0 ? scalar.Text : scalar.Text[..percent]);
        if (host.Refusal is not null)
            return new Refused(host.Refusal);
        var scope = percent < 0 ? null : scalar.Text[(percent + 1)..];
        if (scope is not null && !host.Value.IsIPv6LinkLocal)
            return new Refused($"{host.Value} is not link-local and takes no %interface");
        return scope is null || IsInterface(scope)
            ? new ScopedAddress(host.Value, scope)
            : new Refused($"{scope.Quoted()} is not an interface's name");
    }

    private static ScalarResult<IPAddress> ReadHostAddress(string text)
    {
        if (!ScalarTypes.TryParseAddress(text, out var address))
            return new Refused($"{text.Quoted()} is not an IP address");
        if (address.IsIPv4MappedToIPv6)
            return new Refused($"{text} is an IPv4 address in IPv6 form: write {address.MapToIPv4()}");
        var first = address.GetAddressBytes()[0];
        var isUsable = address.AddressFamily == AddressFamily.InterNetworkV6
            ? !address.Equals(IPAddress.IPv6Any) && !address.IsIPv6Multicast
            : first is > 0 and < 224;
        return isUsable ? address : new Refused($"{text} is not the address of a host");
    }

    private static ScalarResult<IPEndPoint> ReadEndPoint(YamlScalar scalar)
    {
        var text = scalar.Text;
        var colon = text.LastIndexOf(':');
        var host = text[..Math.Max(colon, 0)];
        var isIPv6 = host.StartsWith('[') && host.EndsWith(']');
        if (Number(text[(colon + 1)..], ushort.MaxValue) is not (> 0 and var port)
            || !ScalarTypes.TryParseAddress(isIPv6 ? host[1..^1] : host, out var address)
            || isIPv6 != (address.AddressFamily == AddressFamily.InterNetworkV6))
            return new Refused($"{text.Quoted()} is not an address and port: 192.0.2.1:179, [2001:db8::1]:179");
        return new IPEndPoint(address, port);
    }

    private static ScalarResult<Prefix> ReadPrefix(YamlScalar scalar)
    {
        if (BgpSpeaker.Wire.Prefix.TryParse(scalar.Text, out var prefix))
            return prefix;
        var parts = scalar.Text.Split('/');
        if (parts.Length == 2 && ScalarTypes.TryParseAddress(parts[0], out var address)
            && Number(parts[1], address.GetAddressBytes().Length * 8) is { } length)
        {
            var network = BgpSpeaker.Wire.Prefix.FromNlri(
                address.AddressFamily == AddressFamily.InterNetworkV6, address.GetAddressBytes(), (byte)length);
            return new Refused($"{scalar.Text} has bits set behind its length: write {network}");
        }
        return new Refused($"{scalar.Text.Quoted()} is not a prefix such as 203.0.113.0/24 or 2001:db8::/48");
    }

    private static ScalarResult<TimeSpan> ReadHoldTime(YamlScalar scalar)
    {
        var result = ReadSeconds(scalar, TimeSpan.FromSeconds(ushort.MaxValue));
        if (result.Refusal is not null)
            return result;
        return result.Value > TimeSpan.Zero && result.Value < TimeSpan.FromSeconds(3)
            ? new Refused($"{scalar.Text} is too short: 0s, or at least 3s (RFC 4271 section 4.2)")
            : result;
    }

    private static ScalarResult<TimeSpan> ReadSeconds(YamlScalar scalar, TimeSpan maximum)
    {
        var result = ScalarTypes.Duration(TimeSpan.Zero, maximum).Read(scalar);
        return result.Refusal is null && result.Value.Ticks % TimeSpan.TicksPerSecond != 0
            ? new Refused($"{scalar.Text} is not a whole number of seconds")
            : result;
    }

    private static ScalarResult<uint> ReadCommunity(YamlScalar scalar)
    {
        if (CommunityText.TryParse(scalar.Text, out var community))
            return community;
        var suggestion = Suggestion.For(scalar.Text, CommunityText.WellKnown.Select(named => named.Name));
        return new Refused(
            $"{scalar.Text.Quoted()} is neither two numbers 0–65535, such as 65001:100, nor a name{suggestion}");
    }

    // A decimal number without sign, spaces or leading zeros; null for anything else.
    private static int? Number(string text, int maximum) =>
        text is not ['0', _, ..]
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number <= maximum
            ? number
            : null;
}

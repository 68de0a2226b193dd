using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The types of value that the gate's configuration needs.</summary>
internal static partial class GateTypes
{
    /// <summary>A limit on connections held at once.</summary>
    public static ScalarType<long> Connections { get; } = ScalarTypes.Integer(1, 10_000_000);

    /// <summary>A TCP port.</summary>
    public static ScalarType<long> Port { get; } = ScalarTypes.Integer(1, ushort.MaxValue);

    /// <summary>A MED or LOCAL_PREF, RFC 4271 sections 5.1.4 and 5.1.5.</summary>
    public static ScalarType<long> Preference { get; } = ScalarTypes.Integer(0, uint.MaxValue);

    /// <summary>A share of 1–100, with its sign.</summary>
    public static ScalarType<int> Percent { get; } = new(
        "share 1%–100%",
        """{"type":"string","pattern":"^(100|[1-9][0-9]?)%$"}""",
        scalar =>
        {
            var isPercent = PercentText().IsMatch(scalar.Text);
            if (isPercent)
                return int.Parse(scalar.Text[..^1], NumberStyles.None, CultureInfo.InvariantCulture);
            return PercentText().IsMatch($"{scalar.Text}%")
                ? new Refused($"{scalar.Text.Quoted()} needs its sign: write {scalar.Text}%")
                : new Refused($"{scalar.Text.Quoted()} is not a share 1%–100%");
        });

    /// <summary>A time that the kernel counts in seconds, from one second to so many.</summary>
    public static ScalarType<TimeSpan> WholeSeconds(int most)
    {
        var any = ScalarTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(most));
        return new($"{any.Description} in whole seconds", any.JsonSchema, scalar =>
        {
            var result = any.Read(scalar);
            return result.Refusal is null && result.Value.Ticks % TimeSpan.TicksPerSecond != 0
                ? new Refused($"{scalar.Text} is not a whole number of seconds")
                : result;
        });
    }

    /// <summary>A path of the file system from its root.</summary>
    public static ScalarType<string> AbsolutePath { get; } = new(
        "absolute path",
        """{"type":"string","pattern":"^/"}""",
        scalar => scalar.Text.StartsWith('/') && !HasNul(scalar)
            ? scalar.Text
            : new Refused($"{scalar.Text.Quoted()} is not an absolute path"));

    /// <summary>The program of an exec check, then its arguments: what a process can be given.</summary>
    public static ScalarType<string> CommandWord { get; } = new(
        "text",
        ScalarTypes.Text.JsonSchema,
        scalar => HasNul(scalar) ? new Refused("a zero character cannot be passed on") : ScalarTypes.Text.Read(scalar));

    /// <summary>An HTTP status or a range of them, RFC 9110 section 15.</summary>
    public static ScalarType<string> StatusRange { get; } = new(
        "HTTP status 100–599 such as 204, or range such as 200-299",
        """{"type":["string","integer"]}""",
        ReadStatusRange);

    /// <summary>The origin-form of a request's target, RFC 9112 section 3.2.1.</summary>
    public static ScalarType<string> HttpPath { get; } = new(
        "path that begins with /",
        """{"type":"string","pattern":"^/"}""",
        scalar => !scalar.Text.StartsWith('/')
            ? new Refused($"{scalar.Text.Quoted()} does not begin with a slash")
            : scalar.Text.All(letter => letter is > ' ' and < '\x7f' and not '#')
                ? scalar.Text
                : new Refused($"{scalar.Text.Quoted()} holds what a request cannot: write it as %XX"));

    /// <summary>The Host field of a request, RFC 9110 section 7.2.</summary>
    public static ScalarType<string> HttpHost { get; } = new(
        "host name or address, with :port if it is not 80",
        """{"type":"string","minLength":1,"maxLength":255}""",
        scalar => HostText().IsMatch(scalar.Text)
            ? scalar.Text
            : new Refused($"{scalar.Text.Quoted()} is not a host such as www.example.net or [2001:db8::1]:8080"));

    /// <summary>An address that clients can reach.</summary>
    public static ScalarType<IPAddress> VipAddress { get; } = new(
        "unicast IP address, without prefix length",
        """{"type":"string"}""",
        ReadVipAddress);

    /// <summary>Where a backend listens.</summary>
    public static ScalarType<IPEndPoint> BackendAddress { get; } = new(
        "address and port: 127.0.0.1:8080 or [::1]:8080",
        BgpTypes.EndPoint.JsonSchema,
        ReadBackendAddress);

    private static ScalarResult<string> ReadStatusRange(YamlScalar scalar)
    {
        var match = StatusText().Match(scalar.Text);
        if (!match.Success)
        {
            return new Refused(
                $"{scalar.Text.Quoted()} is neither a status 100–599 such as 204 nor a range such as 200-299");
        }
        var (first, last) = (match.Groups[1].Value, match.Groups[2].Value);
        return last.Length == 0 || string.CompareOrdinal(first, last) <= 0
            ? scalar.Text
            : new Refused($"{scalar.Text} is a range that ends before it begins: write {last}-{first}");
    }

    private static ScalarResult<IPAddress> ReadVipAddress(YamlScalar scalar)
    {
        var text = scalar.Text;
        if (text.Split('/') is [var host, _] && ScalarTypes.TryParseAddress(host, out _))
            return new Refused($"{text} has a prefix length: write {host}, and what is announced in announce.prefixes");
        var result = BgpTypes.HostAddress.Read(scalar);
        if (result.Refusal is not null)
            return result;
        if (IPAddress.IsLoopback(result.Value))
            return new Refused($"{text} is a loopback address, which no client reaches");
        return IsLinkLocal(result.Value)
            ? new Refused($"{text} is a link-local address, which no router forwards to")
            : result;
    }

    private static ScalarResult<IPEndPoint> ReadBackendAddress(YamlScalar scalar)
    {
        var result = BgpTypes.EndPoint.Read(scalar);
        if (result.Refusal is not null)
            return new Refused($"{scalar.Text.Quoted()} is not an address and port: 127.0.0.1:8080, [::1]:8080");
        var host = BgpTypes.HostAddress.Read(scalar with { Text = $"{result.Value.Address}" });
        if (host.Refusal is not null)
            return new Refused(host.Refusal);
        return host.Value.IsIPv6LinkLocal
            ? new Refused($"{host.Value} is link-local: a backend needs an address of a wider scope")
            : result;
    }

    private static bool IsLinkLocal(IPAddress address) =>
        address.IsIPv6LinkLocal || address.GetAddressBytes() is [169, 254, _, _];

    private static bool HasNul(YamlScalar scalar) => scalar.Text.Contains('\0', StringComparison.Ordinal);

    [GeneratedRegex("^(100|[1-9][0-9]?)%\\z")]
    private static partial Regex PercentText();

    [GeneratedRegex("^([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?\\z")]
    private static partial Regex StatusText();

    [GeneratedRegex(@"^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\z")]
    private static partial Regex HostText();
}

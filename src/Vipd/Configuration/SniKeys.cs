using System.Text;
using System.Text.RegularExpressions;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The keys under a listener's <c>sni</c>.</summary>
internal static class SniKeys
{
    public static readonly SectionKey Routes = new(
        "routes", SniRouteKeys.Section, SectionShape.List, "Which clients other pools get; 1 to 1,024.")
    {
        IsRequired = true,
    };

    public static readonly Key<bool> Fallback = new(
        "fallback",
        ScalarTypes.Choice(("pool", false), ("reset", true)),
        "Who fits no route, or does not speak TLS: goes to the listener's `pool`, or is reset.") { Default = "pool" };

    public static readonly Section Section = new([Routes, Fallback], []);

    public static readonly SectionKey Listener = new(
        "sni",
        Section,
        SectionShape.Mapping,
        "Shares TLS connections out by what their ClientHello asks for; the TLS itself is the backends' matter. The "
        + "hello must have come whole within 5 s, or within the `timeout` of `proxyProtocol`.");
}

/// <summary>The keys of an item of <c>sni.routes</c>.</summary>
internal static partial class SniRouteKeys
{
    private const int MaximumItems = 256;

    public static readonly ListKey<string> Names = new(
        "names",
        new(
            "host name such as www.example.com, or *.example.com",
            """{"type":"string"}""",
            scalar => HostName().IsMatch(scalar.Text)
                ? scalar.Text
                : new Refused(
                    $"{scalar.Text.Quoted()} is not a host name in lower case, such as www.example.com or "
                    + "*.example.com")),
        "Host names that the client may ask for; `*.example.com` is every name below it, of one label or several. The "
        + "most exact name of all routes wins.")
    {
        Maximum = MaximumItems,
        Otherwise = "any name, and none",
    };

    public static readonly ListKey<string> Alpn = new(
        "alpn",
        new(
            "protocol name such as h2 or http/1.1",
            """{"type":"string","minLength":1,"maxLength":255}""",
            scalar => Encoding.UTF8.GetByteCount(scalar.Text) is > 0 and <= byte.MaxValue
                ? scalar.Text
                : new Refused($"{scalar.Text.Quoted()} is not of 1 to 255 octets")),
        "Protocols of which the client must offer one (RFC 7301).")
    {
        Maximum = MaximumItems,
        Otherwise = "whatever it offers",
    };

    public static readonly Key<string> Pool = new(
        "pool", BgpTypes.Name, "The name of the pool that gets such clients.") { IsRequired = true };

    public static readonly Section Section = new([Names, Alpn, Pool], []);

    // 253 characters in all without the wildcard; no top-level domain has digits only.
    [GeneratedRegex(@"^(\*\.)?(?=.{1,253}\z)([a-z0-9_-]{1,63}\.)*(?![0-9]+\z)[a-z0-9_-]{1,63}\z")]
    private static partial Regex HostName();
}

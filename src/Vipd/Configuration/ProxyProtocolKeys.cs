using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The keys under a listener's <c>proxyProtocol</c>.</summary>
internal static class ProxyProtocolKeys
{
    private const int MaximumNetworks = 256;

    public static readonly ListKey<Prefix> From = new(
        "from", BgpTypes.Prefix, "The networks of those proxies. A connection from elsewhere is reset.")
    {
        IsRequired = true,
        Maximum = MaximumNetworks,
    };

    public static readonly Key<TimeSpan> Timeout = new(
        "timeout",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(5)),
        "In which the header must have come whole; then the connection is reset.") { Default = "5s" };

    public static readonly Section Section = new([From, Timeout], []);

    public static readonly SectionKey Listener = new(
        "proxyProtocol",
        Section,
        SectionShape.Mapping,
        "For a listener behind other proxies: each connection must begin with a header of the PROXY protocol (v1 or "
        + "v2), and the client that it names counts from then on.");
}

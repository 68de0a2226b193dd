using System.Globalization;
using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>Shorthand for what the tests of this room are about.</summary>
internal static class Routes
{
    public static ExportContext External => new()
    {
        PeerName = "tor1",
        LocalAs = 65001,
        IsExternal = true,
        FourOctetAs = true,
        Families = [Family.IPv4Unicast, Family.IPv6Unicast],
        NextHopIPv4 = IPAddress.Parse("10.0.1.2"),
        NextHopIPv6 = IPAddress.Parse("2001:db8::1"),
    };

    public static ExportContext Internal => External with { IsExternal = false };

    public static Prefix Prefix(string text) =>
        BgpSpeaker.Wire.Prefix.TryParse(text, out var prefix) ? prefix : throw new FormatException(text);

    /// <summary>The prefix of a number: distinct, ascending, IPv4 from 0 and IPv6 from 100,000.</summary>
    public static Prefix Numbered(int number) => Prefix(number < 100_000
        ? string.Create(CultureInfo.InvariantCulture, $"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}/32")
        : string.Create(CultureInfo.InvariantCulture, $"2001:db8::1:{number - 100_000:x}/128"));

    public static DesiredRoute Route(string prefix, RouteAttributes? attributes = null) =>
        new(Prefix(prefix), attributes ?? RouteAttributes.None, []);

    public static RouteSet Set(long version, params IEnumerable<DesiredRoute> routes) =>
        new(version, routes.OrderBy(route => route.Prefix).ToValueList(), []);

    /// <summary>A thousand routes of one family with equal attributes.</summary>
    public static IEnumerable<DesiredRoute> Thousand(int first) => Enumerable.Range(first, 1000)
        .Select(number => new DesiredRoute(Numbered(number), RouteAttributes.None, []));
}

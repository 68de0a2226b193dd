using AnycastVip.Proxy.Tls;

namespace AnycastVip.Proxy.Tests.Tls;

public sealed class SniRouterTests
{
    // Each route as "names / protocols".
    private static readonly string[] Routes =
    [
        "*.example.com",
        "www.example.com",
        "*.deep.example.com",
        "api.example.com / h2",
        "api.example.com / http/1.1",
        "*.example.com / never",
        "/ acme-tls/1",
        "a.example, b.example",
    ];

    [Theory]
    [InlineData("www.example.com", "", 1)]
    [InlineData("WWW.Example.COM", "", 1)]
    [InlineData("www.example.com.", "", 1)]
    [InlineData("other.example.com", "", 0)]
    [InlineData("a.b.example.com", "", 0)]
    [InlineData("x.deep.example.com", "", 2)]
    [InlineData("deep.example.com", "", 0)]
    [InlineData("api.example.com", "h2,http/1.1", 3)]
    [InlineData("api.example.com", "http/1.1", 4)]
    [InlineData("api.example.com", "h3,http/1.1", 4)]
    [InlineData("b.example", "", 7)]
    [InlineData("", "acme-tls/1", 6)]
    [InlineData("unknown.example", "acme-tls/1", 6)]
    [InlineData("192.0.2.1", "acme-tls/1", 6)]
    public void The_most_exact_route_that_fits_is_taken(string name, string protocols, int route) =>
        Assert.Equal(route, Find(name, protocols));

    [Fact]
    public void A_route_whose_protocols_do_not_fit_gives_way_to_a_less_exact_one() =>
        Assert.Equal(0, Find("api.example.com", "spdy/3"));

    [Theory]
    [InlineData("example.com", "")]
    [InlineData("wwwexample.com", "")]
    [InlineData("com", "")]
    [InlineData("", "")]
    [InlineData("unknown.example", "h2")]
    [InlineData("unknown.example", "acme-tls/1x")]
    public void Who_fits_none_gets_the_fallback(string name, string protocols) =>
        Assert.Equal(SniRouter.Fallback, Find(name, protocols));

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    [InlineData("[2001:db8::1]")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\0.example")]
    [InlineData("*.example")]
    [InlineData("münchen.example")]
    [InlineData("a.12")]
    public void What_is_no_host_name_is_taken_for_none(string name) =>
        Assert.False(HostName.TryNormalize(System.Text.Encoding.UTF8.GetBytes(name), new char[253], out _));

    [Fact]
    public void A_host_name_has_labels_of_63_and_253_characters_in_all()
    {
        var label = new string('a', 63);
        var longest = $"{label}.{label}.{label}.{new string('a', 61)}";

        Assert.True(IsHostName(longest));
        Assert.True(IsHostName(longest + "."));
        Assert.False(IsHostName("b" + longest));
        Assert.False(IsHostName(label + "a.example"));
        Assert.True(IsHostName("xn--mnchen-3ya.example"));
        Assert.True(IsHostName("_service.example"));
        Assert.True(IsHostName("1.2.3.a4"));

        static bool IsHostName(string name) =>
            HostName.TryNormalize(System.Text.Encoding.ASCII.GetBytes(name), new char[253], out _);
    }

    [Fact]
    public void A_lookup_allocates_nothing()
    {
        var (router, octets) = (Router(), Hello("x.y.z.example.com", "spdy/3,h2"));
        var scratch = new byte[ClientHelloReader.MaximumLength];
        // The runtime allocates while it compiles what runs often.
        for (var i = 0; i < 1000; i++)
            Assert.Equal(0, FindIn(router, octets, scratch));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            FindIn(router, octets, scratch);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static int Find(string name, string protocols) =>
        FindIn(Router(), Hello(name, protocols), new byte[ClientHelloReader.MaximumLength]);

    private static int FindIn(SniRouter router, byte[] octets, byte[] scratch)
    {
        if (ClientHelloReader.Read(octets, scratch, out var hello, out _) != HelloVerdict.Whole)
            throw new FormatException("no hello");
        return router.Find(hello);
    }

    private static byte[] Hello(string name, string protocols)
    {
        var extensions = new List<(ushort, byte[])>();
        if (name.Length > 0)
            extensions.Add(HelloBuilder.ServerName(name));
        if (protocols.Length > 0)
            extensions.Add(HelloBuilder.Alpn(protocols.Split(',')));
        return new HelloBuilder { Extensions = extensions }.Records(fragment: 50);
    }

    private static SniRouter Router() => new(new SniRoutes
    {
        Routes =
        [
            .. Routes.Select((text, index) =>
            {
                var halves = text.Split('/', 2);
                return new SniRoute
                {
                    Names = [.. Words(halves[0])],
                    Protocols = [.. Words(halves.ElementAtOrDefault(1) ?? "")],
                    Pool = $"pool-{index}",
                };
            }),
        ],
    });

    private static string[] Words(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

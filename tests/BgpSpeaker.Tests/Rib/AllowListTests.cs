using AnycastVip.BgpSpeaker.Rib;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

public sealed class AllowListTests
{
    private static readonly AllowList Narrow = new(
        [new(Routes.Prefix("203.0.113.0/24"), 32, 32), new(Routes.Prefix("2001:db8::/32"), 48, 128)]);

    private static readonly AllowList Everything = new(
        [new(Routes.Prefix("0.0.0.0/0"), 0, 32), new(Routes.Prefix("::/0"), 0, 128)]);

    [Theory]
    [InlineData("203.0.113.0/32")]
    [InlineData("203.0.113.255/32")]
    [InlineData("2001:db8::/48")]
    [InlineData("2001:db8::50/128")]
    public void What_a_line_permits_may_be_announced(string prefix) =>
        Assert.Null(Narrow.Judge(Routes.Prefix(prefix)));

    [Theory]
    [InlineData("203.0.113.0/24", "does not permit (203.0.113.0/24 ge 32 le 32)")]
    [InlineData("203.0.113.0/31", "does not permit (203.0.113.0/24 ge 32 le 32)")]
    [InlineData("2001:db8::/47", "does not permit (2001:db8::/32 ge 48 le 128)")]
    [InlineData("203.0.112.0/23", "outside the speaker's allow-list")]
    [InlineData("203.0.114.1/32", "outside the speaker's allow-list")]
    [InlineData("2001:db9::1/128", "outside the speaker's allow-list")]
    public void What_no_line_permits_is_refused_with_the_remedy(string prefix, string text) =>
        Assert.Contains(text, Narrow.Judge(Routes.Prefix(prefix)), StringComparison.Ordinal);

    [Fact]
    public void An_empty_list_permits_nothing() =>
        Assert.Contains("allow-list is empty", new AllowList([]).Judge(Routes.Prefix("203.0.113.50/32")),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("::/0")]
    [InlineData("0.0.0.0/1")]
    [InlineData("128.0.0.0/1")]
    [InlineData("202.0.0.0/7")]
    [InlineData("2000::/3")]
    [InlineData("2000::/15")]
    [InlineData("0.0.0.0/8")]
    [InlineData("127.0.0.1/32")]
    [InlineData("169.254.0.1/32")]
    [InlineData("224.0.0.1/32")]
    [InlineData("255.255.255.255/32")]
    [InlineData("::1/128")]
    [InlineData("::ffff:203.0.113.50/128")]
    [InlineData("fe80::1/128")]
    [InlineData("ff02::1/128")]
    public void Not_even_a_list_that_permits_everything_lets_a_mistake_like_the_default_route_through(string prefix) =>
        Assert.NotNull(Everything.Judge(Routes.Prefix(prefix)));

    [Theory]
    [InlineData("203.0.0.0/8")]
    [InlineData("203.0.113.50/32")]
    [InlineData("2002::/16")]
    [InlineData("2001:db8::50/128")]
    public void A_list_that_permits_everything_lets_unicast_prefixes_through(string prefix) =>
        Assert.Null(Everything.Judge(Routes.Prefix(prefix)));
}

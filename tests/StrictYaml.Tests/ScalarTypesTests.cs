using System.Net;

namespace AnycastVip.StrictYaml.Tests;

public sealed class ScalarTypesTests
{
    [Theory]
    [InlineData("0s", 0)]
    [InlineData("300ms", 300)]
    [InlineData("5s", 5_000)]
    [InlineData("1m", 60_000)]
    [InlineData("2h", 7_200_000)]
    public void A_duration_is_a_whole_number_with_its_unit(string text, int milliseconds)
    {
        var result = ScalarTypes.Duration(TimeSpan.Zero, TimeSpan.FromDays(1)).Read(Plain(text));

        Assert.Equal((null, TimeSpan.FromMilliseconds(milliseconds)), (result.Refusal, result.Value));
        Assert.Equal(text, ScalarTypes.Format(result.Value));
    }

    [Theory]
    [InlineData("5", "'5' needs a unit: ms, s, m or h")]
    [InlineData("s", "'s' is not a duration such as 300ms, 5s, 1m")]
    [InlineData("", "'' is not a duration such as 300ms, 5s, 1m")]
    [InlineData("-1s", "'-1s' is not a duration such as 300ms, 5s, 1m")]
    [InlineData("1.5s", "'1.5s' is not a duration such as 300ms, 5s, 1m")]
    [InlineData("5 s", "'5 s' is not a duration such as 300ms, 5s, 1m")]
    [InlineData("05s", "'05s' is not a duration such as 300ms, 5s, 1m")]
    [InlineData("5S", "'S' is not a unit of time: use ms, s, m or h")]
    [InlineData("5sec", "'sec' is not a unit of time: use ms, s, m or h")]
    [InlineData("999ms", "'999ms' is not in the range 1s–1m")]
    [InlineData("61s", "'61s' is not in the range 1s–1m")]
    [InlineData("9223372036854775807h", "'9223372036854775807h' is not in the range 1s–1m")]
    [InlineData("99999999999999999999s", "'99999999999999999999s' is not in the range 1s–1m")]
    public void What_is_no_duration_is_refused(string text, string expected) => Assert.Equal(
        expected, ScalarTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)).Read(Plain(text)).Refusal);

    [Theory]
    [InlineData("0", 0)]
    [InlineData("4294967295", 4294967295)]
    public void An_integer_is_decimal(string text, long expected) =>
        Assert.Equal(expected, ScalarTypes.Integer(0, uint.MaxValue).Read(Plain(text)).Value);

    [Theory]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("01")]
    [InlineData("0x10")]
    [InlineData("1_000")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("4294967296")]
    [InlineData("99999999999999999999")]
    [InlineData("\u0661")]
    public void What_is_no_integer_in_range_is_refused(string text) =>
        Assert.NotNull(ScalarTypes.Integer(0, uint.MaxValue).Read(Plain(text)).Refusal);

    [Fact]
    public void A_quoted_integer_is_refused() =>
        Assert.NotNull(ScalarTypes.Integer(0, 9).Read(new YamlScalar(Position.Start, "1", IsPlain: false)).Refusal);

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("2001:DB8::1")]
    [InlineData("::ffff:10.0.0.1")]
    public void An_address_is_read(string text) =>
        Assert.Equal(IPAddress.Parse(text), ScalarTypes.Address.Read(Plain(text)).Value);

    [Theory]
    [InlineData("1")]
    [InlineData("10.1")]
    [InlineData("010.0.0.1")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("10.0.0.256")]
    [InlineData("10.0.0.1:179")]
    [InlineData("[::1]")]
    [InlineData("fe80::1%1")]
    [InlineData("router.example")]
    [InlineData("")]
    public void What_is_no_address_is_refused(string text) =>
        Assert.Equal($"'{text}' is not an IP address", ScalarTypes.Address.Read(Plain(text)).Refusal);

    [Theory]
    [InlineData("true", true, null)]
    [InlineData("false", false, null)]
    [InlineData("True", false, "'True' is neither true nor false")]
    [InlineData("1", false, "'1' is neither true nor false")]
    public void A_boolean_is_true_or_false(string text, bool value, string? refusal) =>
        Assert.Equal(new ScalarResult<bool>(value, refusal), ScalarTypes.Boolean.Read(Plain(text)));

    [Fact]
    public void A_choice_suggests_its_nearest_word()
    {
        var type = ScalarTypes.Choice(("ipv4", 4), ("ipv6", 6));

        Assert.Equal(6, type.Read(Plain("ipv6")).Value);
        Assert.Equal("'IPv6' is not one of ipv4, ipv6 (did you mean 'ipv6'?)", type.Read(Plain("IPv6")).Refusal);
        Assert.Equal("'apple' is not one of ipv4, ipv6", type.Read(Plain("apple")).Refusal);
        Assert.Equal("""{"enum":["ipv4","ipv6"]}""", type.JsonSchema);
    }

    [Theory]
    [InlineData("holdTme", " (did you mean 'holdTime'?)")]
    [InlineData("hold-time", " (did you mean 'holdTime'?)")]
    [InlineData("HOLD_TIME", " (did you mean 'holdTime'?)")]
    [InlineData("ohldTime", " (did you mean 'holdTime'?)")]
    [InlineData("time", "")]
    [InlineData("", "")]
    public void A_suggestion_is_made_only_for_what_is_near(string word, string expected) =>
        Assert.Equal(expected, Suggestion.For(word, ["passive", "holdTime", "port"]));

    [Theory]
    [InlineData("plain", "'plain'")]
    [InlineData("a\u001b[31m\nb", "'a\\u001b[31m\\u000ab'")]
    public void Quoted_text_stays_on_its_line(string text, string expected) => Assert.Equal(expected, text.Quoted());

    [Fact]
    public void Quoted_text_is_cut() => Assert.Equal($"'{new string('x', 60)}…'", new string('x', 1_000_000).Quoted());

    private static YamlScalar Plain(string text) => new(Position.Start, text, IsPlain: true);
}

using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Peering;

/// <summary>What counts against a peer's limit; each step is <c>+</c> or <c>-</c> and prefixes.</summary>
public sealed class PrefixLimitTests
{
    private const string LimitOfIPv4 = "00010100000002";
    private const string LimitOfIPv6 = "00020100000002";

    [Theory]
    [InlineData("+10.0.0.0/8 10.1.0.0/16", null)]
    [InlineData("+10.0.0.0/8 10.1.0.0/16 10.2.0.0/16", LimitOfIPv4)]
    [InlineData("+10.0.0.0/8 10.1.0.0/16; +10.0.0.0/8; +10.1.0.0/16", null)]
    [InlineData("+10.0.0.0/8; +10.1.0.0/16; +10.2.0.0/16", LimitOfIPv4)]
    [InlineData("+10.0.0.0/8 10.1.0.0/16; -10.0.0.0/8; +10.2.0.0/16", null)]
    [InlineData("-10.0.0.0/8; +10.0.0.0/8 10.1.0.0/16; +10.2.0.0/16", LimitOfIPv4)]
    [InlineData("+10.0.0.0/8 10.1.0.0/16; +2001:db8::/32 2001:db8:1::/48", null)]
    [InlineData("+2001:db8::/32 2001:db8:1::/48; +2001:db8:2::/48", LimitOfIPv6)]
    [InlineData("+2001:db8::/32 2001:db8:1::/48; -2001:db8::/32; +2001:db8:2::/48", null)]
    public void Prefixes_are_counted_once_and_for_each_family(string steps, string? data)
    {
        var limit = new PrefixLimit(2);
        Notification? owed = null;
        foreach (var step in steps.Split("; "))
        {
            Assert.Null(owed);
            owed = Take(limit, step);
        }

        Assert.Equal(data, owed?.Data.ToString());
        if (owed is not null)
            Assert.Equal((ErrorCode.Cease, CeaseError.MaximumNumberOfPrefixesReached), (owed.Code, owed.Subcode));
    }

    [Fact]
    public void What_is_treated_as_withdrawn_does_not_count()
    {
        var limit = new PrefixLimit(2);

        Assert.Null(Take(limit, "+10.0.0.0/8 10.1.0.0/16"));
        Assert.Null(Take(limit, "+10.0.0.0/8 10.2.0.0/16 10.3.0.0/16", isTreatedAsWithdraw: true));
        Assert.Null(Take(limit, "+10.4.0.0/16"));
        Assert.NotNull(Take(limit, "+10.5.0.0/16"));
    }

    [Fact]
    public void Each_path_of_a_prefix_counts_and_goes_by_its_identifier()
    {
        var limit = new PrefixLimit(2);
        const string attributes = "40010100 40020602010000fdea 4003040a000102";

        Assert.Null(TakePaths(limit, "", attributes, "00000001 080a 00000002 080a"));
        Assert.Null(TakePaths(limit, "00000001 080a", "", ""));
        Assert.Null(TakePaths(limit, "", attributes, "00000002 080a 00000003 080a"));
        Assert.NotNull(TakePaths(limit, "", attributes, "00000001 080a"));
    }

    private static Notification? TakePaths(PrefixLimit limit, string withdrawn, string attributes, string announced)
    {
        var vector = VectorFiles.Parse(
        [
            "[limit/paths] paths", "session: add-path",
            $"hex: msg:02{{ u16{{ {withdrawn} }} u16{{ {attributes} }} {announced} }}",
        ])[0];
        Assert.Equal(Severity.None, UpdateDecoder.Decode(vector.Bytes, vector.Context, out var view).Severity);
        return limit.Take(view, vector.Context, isTreatedAsWithdraw: false);
    }

    private static Notification? Take(PrefixLimit limit, string step, bool isTreatedAsWithdraw = false)
    {
        var prefixes = step[1..].Split(' ').Select(ParsePrefix).ToArray();
        var message = new byte[MessageSize.Maximum];
        var length = step[0] == '+'
            ? UpdateEncoder.EncodeAnnounce(message, Attributes(prefixes[0].IsIPv6), prefixes, out var consumed)
            : UpdateEncoder.EncodeWithdraw(message, prefixes[0].Family, prefixes, out consumed);
        Assert.Equal(prefixes.Length, consumed);
        var context = new UpdateContext
        {
            FourOctetAs = true, IsExternal = true, LocalAs = 65001, IPv4Unicast = true, IPv6Unicast = true,
        };
        Assert.Equal(Severity.None, UpdateDecoder.Decode(message.AsSpan(0, length), context, out var view).Severity);
        return limit.Take(view, context, isTreatedAsWithdraw);
    }

    private static Prefix ParsePrefix(string text)
    {
        Assert.True(Prefix.TryParse(text, out var prefix), text);
        return prefix;
    }

    private static EncodedAttributes Attributes(bool isIPv6) => new(
        new PathAttributes { AsPath = [65002], NextHop = IPAddress.Parse(isIPv6 ? "2001:db8::1" : "192.0.2.1") },
        fourOctetAs: true);
}

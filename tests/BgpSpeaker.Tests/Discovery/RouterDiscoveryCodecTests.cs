using System.Net;
using AnycastVip.BgpSpeaker.Discovery;

namespace AnycastVip.BgpSpeaker.Tests.Discovery;

public sealed class RouterDiscoveryCodecTests
{
    private const string Plain = "86000000400000000000000000000000";

    [Fact]
    public void A_solicitation_has_exactly_these_octets() =>
        Assert.Equal("8500000000000000", Convert.ToHexStringLower(RouterDiscoveryCodec.EncodeSolicitation()));

    [Fact]
    public void An_advertisement_makes_nobody_take_us_as_default_router() =>
        Assert.Equal(
            "86000000000000000000000000000000", Convert.ToHexStringLower(RouterDiscoveryCodec.EncodeAdvertisement()));

    [Theory]
    [InlineData("as FRR sends it, with its link-layer address", Plain + "0101aac1ab000001", true)]
    [InlineData("without options", Plain, true)]
    [InlineData("an unknown option", Plain + "fd02000000000000" + "0000000000000000", true)]
    [InlineData("with a lifetime", "86000000400007080000000000000000", true)]
    [InlineData("cut off", "860000004000000000000000000000", false)]
    [InlineData("nothing", "", false)]
    [InlineData("another code", "86010000400000000000000000000000", false)]
    [InlineData("a solicitation", "85000000400000000000000000000000", false)]
    [InlineData("an option of length 0", Plain + "0100aac1ab000001", false)]
    [InlineData("an option beyond the message", Plain + "0102aac1ab000001", false)]
    [InlineData("half an option", Plain + "01", false)]
    public void An_advertisement_is_valid(string why, string hex, bool expected)
    {
        Assert.NotEmpty(why);
        Assert.Equal(expected, IsAdvertisement(hex));
    }

    [Theory]
    [InlineData("fe80::1%2", 255, true)]
    [InlineData("fe80::1%2", 254, false)]
    [InlineData("fe80::1%2", -1, false)]
    [InlineData("2001:db8::1", 255, false)]
    [InlineData("::", 255, false)]
    public void Only_a_link_local_neighbour_is_believed(string source, int hopLimit, bool expected) =>
        Assert.Equal(expected, IsAdvertisement(Plain, source, hopLimit));

    private static bool IsAdvertisement(string hex, string source = "fe80::1%2", int hopLimit = 255) =>
        RouterDiscoveryCodec.IsAdvertisement(Convert.FromHexString(hex), IPAddress.Parse(source), hopLimit);
}

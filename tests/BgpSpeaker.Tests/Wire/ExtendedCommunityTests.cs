using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

public sealed class ExtendedCommunityTests
{
    // RFC 4360 sections 3.1, 3.2, 4 and 5; RFC 5668 section 2.
    [Theory]
    [InlineData("rt:65001:100", 0x0002_FDE9_0000_0064)]
    [InlineData("rt:65535:4294967295", 0x0002_FFFF_FFFF_FFFF)]
    [InlineData("rt:0:0", 0x0002_0000_0000_0000)]
    [InlineData("soo:65001:100", 0x0003_FDE9_0000_0064)]
    [InlineData("rt:192.0.2.1:100", 0x0102_C000_0201_0064)]
    [InlineData("soo:192.0.2.1:65535", 0x0103_C000_0201_FFFF)]
    [InlineData("rt:65536:100", 0x0202_0001_0000_0064)]
    [InlineData("soo:4200000001:65535", 0x0203_FA56_EA01_FFFF)]
    [InlineData("0x4304000000000001", 0x4304_0000_0000_0001)]
    [InlineData("0x0004fde94e9502f9", 0x0004_FDE9_4E95_02F9)]
    [InlineData("0x020200000001ffff", 0x0202_0000_0001_FFFF)]
    public void What_is_written_is_read_and_written_the_same(string text, ulong octets)
    {
        Assert.True(ExtendedCommunityText.TryParse(text, out var community));
        Assert.Equal(octets, community.Value);
        Assert.Equal(text, community.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("rt")]
    [InlineData("rt:65001")]
    [InlineData("rt:65001:100:1")]
    [InlineData("RT:65001:100")]
    [InlineData("rt:65001:4294967296")]
    [InlineData("rt:65536:65536")]
    [InlineData("rt:192.0.2.1:65536")]
    [InlineData("rt:4294967296:1")]
    [InlineData("rt:065001:100")]
    [InlineData("rt:65001:-1")]
    [InlineData("rt: 65001:100")]
    [InlineData("rt:192.0.2:1")]
    [InlineData("rt:192.0.2.010:1")]
    [InlineData("ro:65001:100")]
    [InlineData("0x")]
    [InlineData("0x430400000000001")]
    [InlineData("0x43040000000000011")]
    [InlineData("0x430400000000000g")]
    [InlineData("4304000000000001")]
    public void Anything_else_is_refused(string text) => Assert.False(ExtendedCommunityText.TryParse(text, out _));

    // 10 Gbit/s are 1.25e9 octets/s, as an IEEE 754 single 4e9502f9.
    [Theory]
    [InlineData(65001u, 10_000_000_000ul, 0x4004_FDE9_4E95_02F9)]
    [InlineData(4200000001u, 10_000_000_000ul, 0x4004_5BA0_4E95_02F9)]
    [InlineData(65001u, 1_000ul, 0x4004_FDE9_42FA_0000)]
    [InlineData(65001u, 8ul, 0x4004_FDE9_3F80_0000)]
    [InlineData(65001u, 1_000_000_000_000_000ul, 0x4004_FDE9_56E3_5FA9)]
    public void Link_bandwidth_is_octets_per_second_behind_the_AS_number(uint localAs, ulong bits, ulong octets)
    {
        var community = ExtendedCommunity.LinkBandwidth(localAs, bits);

        Assert.Equal($"{octets:x16}", $"{community.Value:x16}");
        Assert.True(community.IsLinkBandwidth);
    }

    [Theory]
    [InlineData(0x4004_FDE9_4E95_02F9, "link-bandwidth:65001:1250000000B/s")]
    [InlineData(0x0004_FDE9_42FA_0000, "link-bandwidth:65001:125B/s")]
    [InlineData(0x4004_FDE9_7FC0_0000, "link-bandwidth:65001:NaNB/s")]
    [InlineData(0x0002_FDE9_0000_0064, "rt:65001:100")]
    [InlineData(0x0300_0000_0000_0001, "0x0300000000000001")]
    public void People_read_a_link_bandwidth_as_such(ulong octets, string text) =>
        Assert.Equal(text, ExtendedCommunityText.Describe(new ExtendedCommunity(octets)));
}

using System.Net;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

public sealed class UpdateEncoderTests
{
    private static readonly PathAttributes IPv4 = new() { NextHop = IPAddress.Parse("10.0.1.2"), AsPath = [65001] };
    private static readonly PathAttributes IPv6 = new() { NextHop = IPAddress.Parse("2001:db8::1"), AsPath = [65001] };

    private static readonly PathAttributes IPv4OverIPv6 = IPv6 with { IsExtendedNextHop = true };
    private static readonly IPAddress LinkLocal = IPAddress.Parse("fe80::1");

    public static TheoryData<string, PathAttributes, bool, string> Announcements => new()
    {
        { "ipv4 announce to another AS", IPv4, true, "203.0.113.50/32" },
        { "ipv4 announce to the own AS", IPv4 with { AsPath = [], LocalPref = 100 }, true, "203.0.113.50/32" },
        { "ipv4 announce with every attribute", EveryAttribute(IPv4), true, "198.51.100.0/24" },
        { "ipv4 announce over two octets", IPv4, false, "203.0.113.50/32" },
        {
            "ipv4 announce over two octets with AS_TRANS", IPv4 with { AsPath = [65001, 65536] }, false,
            "203.0.113.50/32"
        },
        { "ipv4 announce over an IPv6 next hop", IPv4OverIPv6 with { Med = 10 }, true, "203.0.113.50/32" },
        { "ipv6 announce with two next hops", IPv6 with { LinkLocalNextHop = LinkLocal }, true, "2001:db8::50/128" },
        { "ipv6 announce", IPv6 with { Med = 10 }, true, "2001:db8::50/128" },
    };

    [Theory]
    [MemberData(nameof(Announcements))]
    public void Announcement_has_exactly_these_octets(
        string name, PathAttributes attributes, bool fourOctetAs, string prefix)
    {
        var destination = new byte[MessageSize.Maximum];
        var length = UpdateEncoder.EncodeAnnounce(
            destination, new(attributes, fourOctetAs), [Parse(prefix)], out var consumed);
        Assert.Equal(1, consumed);
        Assert.Equal(EncodedMessages.Hex(name), Convert.ToHexStringLower(destination.AsSpan(0, length)));
        DecodedUpdate.Read(destination.AsSpan(0, length), isExternal: attributes.LocalPref is null, fourOctetAs);
    }

    [Theory]
    [InlineData("ipv4 withdraw", "203.0.113.50/32", "198.51.100.0/24")]
    [InlineData("ipv6 withdraw", "2001:db8::50/128")]
    public void Withdrawal_has_exactly_these_octets(string name, params string[] prefixes)
    {
        var destination = new byte[MessageSize.Maximum];
        var parsed = prefixes.Select(Parse).ToArray();
        var length = UpdateEncoder.EncodeWithdraw(destination, parsed[0].Family, parsed, out var consumed);
        Assert.Equal(prefixes.Length, consumed);
        Assert.Equal(EncodedMessages.Hex(name), Convert.ToHexStringLower(destination.AsSpan(0, length)));
        DecodedUpdate.Read(destination.AsSpan(0, length));
    }

    [Theory]
    [InlineData("ipv4 end-of-rib", 1)]
    [InlineData("ipv6 end-of-rib", 2)]
    public void End_of_RIB_has_exactly_these_octets(string name, ushort afi)
    {
        var destination = new byte[MessageSize.Maximum];
        var length = UpdateEncoder.EncodeEndOfRib(destination, new Family(afi, 1));
        Assert.Equal(EncodedMessages.Hex(name), Convert.ToHexStringLower(destination.AsSpan(0, length)));
        DecodedUpdate.Read(destination.AsSpan(0, length));
    }

    // (4096 - 23 - 20 of attributes) / 5 octets; (4096 - 23 - 4 - 21 of MP_REACH_NLRI - 13 of attributes) / 17 octets.
    [Theory]
    [InlineData("203.0.{0}.{1}/32", 810)]
    [InlineData("2001:db8::{0}:{1}/128", 237)]
    public void Announcement_takes_as_many_prefixes_from_the_front_as_4096_octets_hold(string format, int expected)
    {
        var prefixes = MakePrefixes(format, 1000);
        var encoded = new EncodedAttributes(prefixes[0].IsIPv6 ? IPv6 : IPv4, fourOctetAs: true);
        var destination = new byte[MessageSize.Maximum];

        var length = UpdateEncoder.EncodeAnnounce(destination, encoded, prefixes, out var consumed);

        Assert.Equal(expected, consumed);
        Assert.Equal(prefixes[..expected], DecodedUpdate.Read(destination.AsSpan(0, length)).Announced);
    }

    // (4096 - 23) / 5 octets; (4096 - 23 - 4 - 3) / 17 octets.
    [Theory]
    [InlineData("203.0.{0}.{1}/32", 814)]
    [InlineData("2001:db8::{0}:{1}/128", 239)]
    public void Withdrawal_takes_as_many_prefixes_from_the_front_as_4096_octets_hold(string format, int expected)
    {
        var prefixes = MakePrefixes(format, 1000);
        var destination = new byte[MessageSize.Maximum];

        var length = UpdateEncoder.EncodeWithdraw(destination, prefixes[0].Family, prefixes, out var consumed);

        Assert.Equal(expected, consumed);
        Assert.Equal(prefixes[..expected], DecodedUpdate.Read(destination.AsSpan(0, length)).Withdrawn);
    }

    [Theory]
    [InlineData(47, 0)]
    [InlineData(48, 1)]
    [InlineData(52, 1)]
    [InlineData(53, 2)]
    public void Announcement_stays_within_its_destination(int destinationLength, int expected)
    {
        var encoded = new EncodedAttributes(IPv4, fourOctetAs: true);
        var destination = new byte[destinationLength];
        var length = UpdateEncoder.EncodeAnnounce(
            destination, encoded, MakePrefixes("203.0.{0}.{1}/32", 5), out var consumed);
        Assert.Equal(expected, consumed);
        Assert.Equal(expected == 0 ? 0 : 43 + (5 * expected), length);
        if (length > 0)
            DecodedUpdate.Read(destination.AsSpan(0, length));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(255, 1)]
    [InlineData(256, 2)]
    [InlineData(600, 3)]
    public void Path_is_cut_into_segments_of_255(int pathLength, int segments)
    {
        var attributes = IPv4 with { LocalPref = 100, AsPath = Enumerable.Repeat(65001u, pathLength).ToValueList() };
        var destination = new byte[MessageSize.Maximum];
        var length = UpdateEncoder.EncodeAnnounce(
            destination, new(attributes, fourOctetAs: true), [Parse("203.0.113.50/32")], out _);

        var path = DecodedUpdate.Read(destination.AsSpan(0, length), isExternal: false)
            .Attributes.Single(attribute => attribute.Code == AttributeCode.AsPath);
        Assert.Equal((2 * segments) + (4 * pathLength), path.Value.Count);
        Assert.Equal(path.Value.Count > 255, path.Flags.HasFlag(AttributeFlags.ExtendedLength));
    }

    public static TheoryData<PathAttributes> Unfit =>
    [
        IPv4 with { Communities = [2, 1] },
        IPv4 with { Communities = [1, 1] },
        IPv4 with { ExtendedCommunities = [new(2), new(1)] },
        IPv4 with { LargeCommunities = [new(1, 2, 3), new(1, 2, 2)] },
        IPv4 with { AsPath = [65001, 0] },
        IPv4 with { LinkLocalNextHop = LinkLocal },
        IPv4 with { IsExtendedNextHop = true },
        IPv4 with { Communities = Enumerable.Range(0, 1000).Select(number => (uint)number).ToValueList() },
    ];

    [Theory]
    [MemberData(nameof(Unfit))]
    public void Attributes_that_a_peer_could_take_offence_at_are_not_encoded(PathAttributes attributes) =>
        Assert.Throws<ArgumentException>(() => new EncodedAttributes(attributes, fourOctetAs: true));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_is_encoded_our_own_decoder_finds_nothing_wrong(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var isIPv6 = random.Next(2) == 0;
            var isExternal = random.Next(2) == 0;
            var fourOctetAs = random.Next(2) == 0;
            var attributes = RandomAttributes(random, isIPv6, isExternal);
            var prefixes = RandomPrefixes(random, isIPv6);
            var destination = new byte[MessageSize.Maximum];

            var length = UpdateEncoder.EncodeAnnounce(
                destination, new(attributes, fourOctetAs), prefixes, out var consumed);
            var update = DecodedUpdate.Read(destination.AsSpan(0, length), isExternal, fourOctetAs);

            Assert.True(consumed > 0);
            Assert.Equal(prefixes[..consumed], update.Announced);
            Assert.Empty(update.Withdrawn);
            var codes = update.Attributes.Select(attribute => attribute.Code).ToArray();
            // RFC 7606 section 5.1: MP_REACH_NLRI first; RFC 4271 section 5: the others in ascending order.
            Assert.Equal(isIPv6, codes[0] == AttributeCode.MpReachNlri);
            Assert.Equal(codes.Skip(isIPv6 ? 1 : 0).Order().Distinct(), codes.Skip(isIPv6 ? 1 : 0));
            Assert.Equal(!fourOctetAs && attributes.AsPath.Any(number => number > 65535),
                codes.Contains(AttributeCode.As4Path));
        }
    }

    [Fact]
    public void Encoding_allocates_nothing()
    {
        var destination = new byte[MessageSize.Maximum];
        var ipv4 = new EncodedAttributes(EveryAttribute(IPv4), fourOctetAs: true);
        var ipv6 = new EncodedAttributes(EveryAttribute(IPv6), fourOctetAs: true);
        var ipv4OverIPv6 = new EncodedAttributes(
            EveryAttribute(IPv4OverIPv6) with { LinkLocalNextHop = LinkLocal }, fourOctetAs: true);
        var prefixes4 = MakePrefixes("203.0.{0}.{1}/32", 1000);
        var prefixes6 = MakePrefixes("2001:db8::{0}:{1}/128", 1000);

        Allocations.AssertNone(EncodeAll);

        void EncodeAll()
        {
            UpdateEncoder.EncodeAnnounce(destination, ipv4, prefixes4, out _);
            UpdateEncoder.EncodeAnnounce(destination, ipv6, prefixes6, out _);
            UpdateEncoder.EncodeAnnounce(destination, ipv4OverIPv6, prefixes4, out _);
            UpdateEncoder.EncodeWithdraw(destination, Family.IPv4Unicast, prefixes4, out _);
            UpdateEncoder.EncodeWithdraw(destination, Family.IPv6Unicast, prefixes6, out _);
            UpdateEncoder.EncodeEndOfRib(destination, Family.IPv6Unicast);
            MessageEncoder.EncodeKeepAlive(destination);
        }
    }

    private static PathAttributes EveryAttribute(PathAttributes attributes) => attributes with
    {
        Origin = Origin.Incomplete,
        AsPath = [65001, 65536],
        Med = 10,
        LocalPref = 200,
        Communities = [0xFDE90064, WellKnownCommunity.GracefulShutdown],
        ExtendedCommunities = [new(0x0002FDE900000064), ExtendedCommunity.LinkBandwidth(65001, 10_000_000_000)],
        LargeCommunities = [new(65001, 1, 2)],
        OnlyToCustomer = 4200000001,
    };

    private static PathAttributes RandomAttributes(Random random, bool isIPv6, bool isExternal) => new()
    {
        NextHop = IPAddress.Parse(isIPv6 ? "2001:db8::1" : "10.0.1.2"),
        Origin = (Origin)random.Next(3),
        AsPath = isExternal
            ? Enumerable.Range(0, random.Next(1, 4) == 1 ? random.Next(1, 300) : random.Next(1, 4))
                .Select(_ => random.Next(2) == 0 ? 65001u : 4200000001u).ToValueList()
            : [],
        Med = random.Next(2) == 0 ? (uint)random.Next() : null,
        LocalPref = isExternal ? null : (uint)random.Next(),
        Communities = Enumerable.Range(0, random.Next(3) == 0 ? random.Next(128) : 0)
            .Select(_ => (uint)random.NextInt64(1L << 32)).Distinct().Order().ToValueList(),
        ExtendedCommunities = Enumerable.Range(0, random.Next(3) == 0 ? random.Next(32) : 0)
            .Select(_ => new ExtendedCommunity((ulong)random.NextInt64())).Distinct().Order().ToValueList(),
        LargeCommunities = Enumerable.Range(0, random.Next(3) == 0 ? random.Next(64) : 0)
            .Select(_ => new LargeCommunity((uint)random.Next(3), (uint)random.Next(3), (uint)random.Next()))
            .Distinct().Order().ToValueList(),
    };

    private static Prefix[] RandomPrefixes(Random random, bool isIPv6)
    {
        var octets = new byte[16];
        return Enumerable.Range(0, random.Next(1, random.Next(2) == 0 ? 3 : 2000)).Select(_ =>
        {
            random.NextBytes(octets);
            return Prefix.FromNlri(isIPv6, octets, (byte)random.Next(isIPv6 ? 129 : 33));
        }).ToArray();
    }

    private static Prefix[] MakePrefixes(string format, int count) => Enumerable.Range(0, count)
        .Select(i => Parse(string.Format(null, format, i >> 8, i & 0xFF))).ToArray();

    private static Prefix Parse(string text) =>
        Prefix.TryParse(text, out var prefix) ? prefix : throw new FormatException(text);
}

using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

public sealed class OpenCodecTests
{
    private static readonly ValueList<Capability> Usual =
    [
        new MultiprotocolCapability(Family.IPv4Unicast),
        new MultiprotocolCapability(Family.IPv6Unicast),
        new ExtendedNextHopCapability([ExtendedNextHop.IPv4OverIPv6, new(1, 4, 2)]),
        new RouteRefreshCapability(),
        new ExtendedMessageCapability(),
        new GracefulRestartCapability(
            true, false, 4095, [new(Family.IPv4Unicast, true), new(Family.IPv6Unicast, false)]),
        new GracefulRestartCapability(false, true, 15, []),
        new RoleCapability(BgpRole.Customer),
        new FourOctetAsCapability(4200000001),
        new AddPathCapability(
        [
            new(Family.IPv4Unicast, AddPathMode.Receive), new(Family.IPv6Unicast, AddPathMode.Send),
            new(new Family(1, 128), AddPathMode.Receive | AddPathMode.Send),
        ]),
        new EnhancedRouteRefreshCapability(),
        new FqdnCapability("edge-ams-1", "example.net"),
        new UnknownCapability(239, [1, 2, 3]),
    ];

    [Fact]
    public void What_was_encoded_is_decoded() => AssertRoundTrip(Open(Usual));

    [Fact]
    public void An_open_without_capabilities_has_no_optional_parameters()
    {
        var octets = OpenEncoder.Encode(Open([]));

        Assert.Equal(29, octets.Length);
        Assert.Equal(0, octets[28]);
    }

    [Fact]
    public void The_bytes_are_those_of_the_RFC()
    {
        var octets = OpenEncoder.Encode(new(65001, 90, 0x0A000101, [new FourOctetAsCapability(65001)]));

        Assert.Equal(
            "ffffffffffffffffffffffffffffffff0025" + "01" + "04fde9005a0a000101" + "08" + "0206" + "41040000fde9",
            Convert.ToHexStringLower(octets));
    }

    [Fact]
    public void The_bytes_of_graceful_restart_are_those_of_the_RFC() =>
        Assert.Equal(
            "400a" + "c00f" + "00010180" + "00020100",
            Convert.ToHexStringLower([.. OpenEncoder.EncodeCapabilities(
            [
                new GracefulRestartCapability(
                    true, true, 15, [new(Family.IPv4Unicast, true), new(Family.IPv6Unicast, false)]),
            ])]));

    [Theory]
    [InlineData(251, 255)]
    [InlineData(252, 260)]
    public void Parameters_of_more_than_255_octets_take_the_extended_form(int valueLength, int parametersLength)
    {
        var open = Open([new UnknownCapability(239, [.. new byte[valueLength]])]);

        var octets = OpenEncoder.Encode(open);

        Assert.Equal(29 + parametersLength, octets.Length);
        Assert.Equal(255, octets[28]);
        Assert.Equal(parametersLength == 255 ? 2 : 255, octets[29]);
        AssertRoundTrip(open);
    }

    [Fact]
    public void Many_long_capabilities_survive() =>
        AssertRoundTrip(Open([.. Enumerable.Range(0, 15).Select(_ => new UnknownCapability(239, [.. new byte[255]]))]));

    [Fact]
    public void A_long_name_is_cut_between_characters()
    {
        var octets = OpenEncoder.Encode(Open([new FqdnCapability(new string('é', 200), "example.net")]));

        Assert.True(OpenDecoder.TryDecode(octets, out var open, out _));
        Assert.Equal(new FqdnCapability(new string('é', 63), "example.net"), open.Capabilities[0]);
    }

    [Fact]
    public void A_capability_value_of_256_octets_is_refused() =>
        Assert.Throws<ArgumentException>(
            () => OpenEncoder.Encode(Open([new UnknownCapability(239, [.. new byte[256]])])));

    [Fact]
    public void The_effective_AS_is_that_of_the_capability()
    {
        Assert.Equal(4200000001, Open(Usual).EffectiveAs);
        Assert.Equal(23456u, Open([]).EffectiveAs);
    }

    [Fact]
    public void A_capability_with_a_bad_inner_length_is_an_unknown_one()
    {
        var vector = VectorFiles.All.Single(each => each.Name ==
            "open/inner-length: FQDN whose host name is longer than the capability");

        Assert.True(OpenDecoder.TryDecode(vector.Bytes, out var open, out _));
        Assert.Equal(new UnknownCapability(73, [9, .. "tor1"u8, 0]), open.Capabilities[^1]);
    }

    [Theory]
    [InlineData("00010100")]
    [InlineData("00010104")]
    [InlineData("000101010002")]
    public void An_ADD_PATH_capability_that_is_malformed_is_an_unknown_one(string value)
    {
        var malformed = new UnknownCapability(69, Convert.FromHexString(value).ToValueList());

        Assert.True(OpenDecoder.TryDecode(OpenEncoder.Encode(Open([malformed])), out var open, out _));
        Assert.Equal([malformed], open.Capabilities.ToArray());
    }

    [Fact]
    public void The_capability_decides_when_My_Autonomous_System_says_otherwise()
    {
        var vector = VectorFiles.All.Single(each => each.Name ==
            "open/as-capability-wins: My Autonomous System is another number");

        Assert.True(OpenDecoder.TryDecode(vector.Bytes, out var open, out _));
        Assert.Equal((0x1234, 65002u), (open.MyAs, open.EffectiveAs));
    }

    private static OpenMessage Open(ValueList<Capability> capabilities) =>
        new(AsNumber.Trans, 90, 0x0A000101, capabilities);

    private static void AssertRoundTrip(OpenMessage open)
    {
        Assert.True(OpenDecoder.TryDecode(OpenEncoder.Encode(open), out var decoded, out var error));
        Assert.Null(error);
        Assert.Equal(open, decoded);
    }
}

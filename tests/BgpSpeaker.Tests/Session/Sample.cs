using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Timing;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Session;

/// <summary>An eBGP peer with a hold time of 9 s, and what it says.</summary>
internal static class Sample
{
    public const uint OurIdentifier = 0x0A000102;
    public const uint LowerIdentifier = 0x0A000101;
    public const uint HigherIdentifier = 0x0A000103;

    public static readonly PeerSettings Settings = new()
    {
        LocalAs = 65001,
        PeerAs = 65100,
        BgpIdentifier = OurIdentifier,
        HoldTime = Seconds(9),
        Families = [Family.IPv4Unicast, Family.IPv6Unicast],
    };

    public static readonly JitterSource Jitter = new(7);

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    public static OpenMessage PeerOpen(
        uint identifier = LowerIdentifier, ushort holdTime = 9, uint peerAs = 65100, ushort? myAs = null,
        params Capability[] more) =>
        new(myAs ?? (ushort)peerAs, holdTime, identifier,
        [
            new MultiprotocolCapability(Family.IPv4Unicast), new MultiprotocolCapability(Family.IPv6Unicast),
            new FourOctetAsCapability(peerAs), .. more,
        ]);

    public static NegotiatedSession Negotiated(PeerSettings settings, OpenMessage open) =>
        Assert.IsType<OpenAccepted>(Negotiation.Judge(settings, open)).Session;

    public static Notification Cease(byte subcode, params byte[] data) => Error(ErrorCode.Cease, subcode, data);

    public static Notification Error(ErrorCode code, byte subcode, params byte[] data) =>
        new(code, subcode, data.ToValueList());

    public static void AssertActions(ValueList<PeerAction> actual, params PeerAction[] expected) =>
        Assert.Equal(expected, actual.ToArray());

    public static void AssertWithin(TimeSpan? actual, TimeSpan from, TimeSpan to) =>
        Assert.InRange(Assert.NotNull(actual), from, to);
}

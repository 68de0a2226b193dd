using AnycastVip.BgpSpeaker.Bfd;
using static AnycastVip.BgpSpeaker.Tests.Bfd.BfdSample;

namespace AnycastVip.BgpSpeaker.Tests.Bfd;

public sealed class BfdPacketTests
{
    private static readonly BfdPacket Full = new()
    {
        Diagnostic = BfdDiagnostic.ReverseConcatenatedPathDown,
        State = BfdState.Init,
        Final = true,
        ControlPlaneIndependent = true,
        Demand = true,
        DetectMult = 255,
        MyDiscriminator = 0xFFFFFFFE,
        YourDiscriminator = 0x01020304,
        DesiredMinTxInterval = BfdPacketCodec.LongestInterval,
        RequiredMinRxInterval = TimeSpan.FromMicroseconds(1),
        RequiredMinEchoRxInterval = TimeSpan.FromMicroseconds(0x10203),
    };

    [Fact]
    public void Every_field_is_where_the_RFC_has_it()
    {
        var octets = new byte[30];

        Assert.Equal(24, BfdPacketCodec.Encode(octets, Full));

        Assert.Equal(
            "289aff18fffffffe01020304ffffffff0000000100010203" + "000000000000", Convert.ToHexStringLower(octets));
    }

    [Fact]
    public void What_was_encoded_is_decoded()
    {
        var octets = new byte[BfdPacketCodec.Length];
        foreach (var packet in new[]
        {
            Full, Full with { Final = false, Poll = true }, RemotePacket(BfdState.Down), OurPacket(BfdState.Up),
        })
        {
            BfdPacketCodec.Encode(octets, packet);
            Assert.Equal(BfdDiscardReason.None, BfdPacketCodec.Decode(octets, out var decoded));
            Assert.Equal(packet, decoded);
        }
    }

    [Fact]
    public void No_octets_break_the_decoder()
    {
        var random = new Random(1);
        var octets = new byte[60];
        var reasons = new HashSet<BfdDiscardReason>();
        for (var i = 0; i < 200_000; i++)
        {
            var payload = octets.AsSpan(0, random.Next(octets.Length));
            random.NextBytes(payload);
            // Most would fail the first checks.
            if (payload.Length > 3 && random.Next(8) > 0)
            {
                payload[0] = (byte)(0x20 | (payload[0] & 0x1F));
                payload[3] = (byte)random.Next(20, octets.Length);
            }
            reasons.Add(BfdPacketCodec.Decode(payload, out _));
        }
        Assert.Superset(
            new HashSet<BfdDiscardReason>
            {
                BfdDiscardReason.None, BfdDiscardReason.TooShort, BfdDiscardReason.LengthBeyondPayload,
            },
            reasons);
    }

    [Fact]
    public void A_packet_cut_anywhere_is_discarded()
    {
        var octets = new byte[BfdPacketCodec.Length];
        BfdPacketCodec.Encode(octets, Full);
        for (var length = 0; length < octets.Length; length++)
            Assert.NotEqual(BfdDiscardReason.None, BfdPacketCodec.Decode(octets.AsSpan(0, length), out _));
    }

    [Fact]
    public void Every_code_has_a_name_of_its_own()
    {
        var diagnostics = Enum.GetValues<BfdDiagnostic>().Select(BfdText.Describe).ToList();
        Assert.Equal(9, diagnostics.Distinct().Count());
        Assert.Equal("diagnostic 9", BfdText.Describe((BfdDiagnostic)9));

        var types = Enum.GetValues<BfdAuthenticationType>().Select(BfdText.Describe).ToList();
        Assert.Equal(5, types.Distinct().Count());
        Assert.Equal("authentication type 6", BfdText.Describe((BfdAuthenticationType)6));

        var reasons = Enum.GetValues<BfdDiscardReason>();
        Assert.Equal(reasons.Length, reasons.Select(reason => BfdText.Describe(reason, Full)).Distinct().Count());
    }

    [Fact]
    public void Refused_authentication_is_named() =>
        Assert.Equal(
            "authentication is not supported (Meticulous Keyed SHA1)",
            BfdText.Describe(
                BfdDiscardReason.AuthenticationNotInUse,
                Full with { Authentication = BfdAuthenticationType.MeticulousKeyedSha1 }));
}

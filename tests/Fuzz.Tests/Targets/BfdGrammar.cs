using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Tests.Simulation;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>BFD Control packets, mostly of the kind that a session takes.</summary>
internal static class BfdGrammar
{
    public static byte[] Packet(Chance chance)
    {
        var octets = new byte[BfdPacketCodec.Length];
        var isPoll = chance.Percent(20);
        BfdPacketCodec.Encode(octets, new BfdPacket
        {
            Diagnostic = (BfdDiagnostic)(chance.Percent(80) ? chance.Below(9) : chance.Below(32)),
            State = (BfdState)chance.Below(4),
            Poll = isPoll,
            Final = !isPoll && chance.Percent(20),
            ControlPlaneIndependent = chance.Percent(20),
            Demand = chance.Percent(10),
            DetectMult = (byte)(chance.Percent(90) ? 1 + chance.Below(5) : chance.Below(256)),
            MyDiscriminator = chance.Pick(2u, 2u, 3u, 0u),
            YourDiscriminator = chance.Pick(1u, 1u, 1u, 0u, 9u),
            DesiredMinTxInterval = Interval(chance),
            RequiredMinRxInterval = Interval(chance),
            RequiredMinEchoRxInterval = chance.Percent(90) ? TimeSpan.Zero : Interval(chance),
        });
        return octets;
    }

    private static TimeSpan Interval(Chance chance) => TimeSpan.FromMicroseconds(
        chance.Pick(50_000L, 300_000L, 1_000_000L, 0L, 1L, uint.MaxValue));
}

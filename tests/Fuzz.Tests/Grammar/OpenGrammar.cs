using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Fuzz.Tests.Grammar;

/// <summary>OPENs by the grammar of RFC 4271 section 4.2, RFC 5492 and RFC 9072.</summary>
internal static class OpenGrammar
{
    // All codes of IANA's registry that a peer may well send, those that we do not use included.
    private static readonly byte[] Codes = [1, 2, 3, 5, 6, 7, 8, 9, 64, 65, 66, 67, 68, 69, 70, 71, 73, 128, 255];

    public static byte[] Generate(Chance chance)
    {
        var isExtended = chance.Percent(25);
        var parameters = new List<byte>();
        for (var left = chance.Below(5); left > 0; left--)
            parameters.AddRange(Parameter(chance, isExtended));
        List<byte> body =
        [
            (byte)(chance.Percent(97) ? 4 : chance.Below(6)),
            .. Messages.UInt16(chance.Pick(65001, 65002, 23456, 0, 65535)),
            .. Messages.UInt16(chance.Pick(90, 0, 1, 2, 3, 65535)),
            .. Messages.UInt32(chance.Pick(0x0A000001u, 0u, uint.MaxValue)),
        ];
        var length = Messages.LengthOf(chance, parameters.Count);
        if (isExtended)
            body.AddRange([255, 255, .. Messages.UInt16(length)]);
        else
            body.Add((byte)length);
        body.AddRange(parameters);
        return Messages.Make(MessageType.Open, body);
    }

    private static byte[] Parameter(Chance chance, bool isExtended)
    {
        var value = new List<byte>();
        for (var left = chance.Below(6); left > 0; left--)
        {
            var (code, content) = Capability(chance);
            value.AddRange([code, (byte)Messages.LengthOf(chance, content.Length), .. content]);
        }
        var type = chance.Percent(95) ? OptionalParameterType.Capabilities : (byte)chance.Below(256);
        var length = Messages.LengthOf(chance, value.Count);
        return isExtended ? [type, .. Messages.UInt16(length), .. value] : [type, (byte)length, .. value];
    }

    private static (byte Code, byte[] Value) Capability(Chance chance)
    {
        var code = chance.Pick<byte>(Codes);
        if (chance.Percent(5))
            return (code, Messages.Octets(chance, chance.Below(40)));
        return (code, code switch
        {
            1 => [0, chance.Pick<byte>(1, 2, 25), 0, chance.Pick<byte>(1, 2, 128)],
            5 => [0, 1, 0, 1, 0, 2],
            9 => [(byte)chance.Below(6)],
            64 => GracefulRestart(chance),
            65 => Messages.UInt32(chance.Pick(65001u, 65002u, 4_200_000_001u, 0u, 23456u)),
            69 => [0, 1, 1, (byte)chance.Below(5), 0, 2, 1, (byte)chance.Below(5)],
            71 => [0, 1, 1, 0x80, 0, 0, 60],
            73 => [4, .. "edge"u8, 0],
            _ => [],
        });
    }

    private static byte[] GracefulRestart(Chance chance)
    {
        var value = new List<byte> { (byte)chance.Pick(0x00, 0x80, 0xC0, 0x40), 20 };
        for (var families = chance.Below(3); families > 0; families--)
            value.AddRange([0, (byte)(1 + chance.Below(2)), 1, (byte)chance.Pick(0, 0x80)]);
        return [.. value];
    }
}

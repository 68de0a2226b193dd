using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Fuzz.Tests.Grammar;

/// <summary>
/// UPDATEs by the grammar of RFC 4271 section 4.3: attributes with values that are mostly right, in any order, some of
/// them twice, with wrong flags or with lengths that do not fit.
/// </summary>
internal static class UpdateGrammar
{
    private static readonly byte[] Codes =
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 23, 25, 26, 29, 32, 35, 40, 128, 129, 200, 255];

    public static byte[] Generate(Chance chance)
    {
        var withdrawn = chance.Percent(30) ? Prefixes(chance, isIPv6: false) : [];
        var attributes = Attributes(chance);
        List<byte> body =
        [
            .. Messages.UInt16(Messages.LengthOf(chance, withdrawn.Length)), .. withdrawn,
            .. Messages.UInt16(Messages.LengthOf(chance, attributes.Count)), .. attributes,
        ];
        if (chance.Percent(60))
            body.AddRange(Prefixes(chance, isIPv6: false));
        return Messages.Make(MessageType.Update, body);
    }

    private static List<byte> Attributes(Chance chance)
    {
        var codes = new List<byte>();
        if (chance.Percent(85))
            codes.AddRange([1, 2, 3]);
        for (var left = chance.Below(5); left > 0; left--)
            codes.Add(chance.Pick<byte>(Codes));
        if (chance.Percent(20))
        {
            var shuffled = codes.ToArray();
            chance.Shuffle<byte>(shuffled);
            codes = [.. shuffled];
        }
        var attributes = new List<byte>();
        foreach (var code in codes)
            attributes.AddRange(Attribute(chance, code));
        return attributes;
    }

    private static byte[] Attribute(Chance chance, byte code)
    {
        var value = chance.Percent(94) ? Value(chance, code) : Messages.Octets(chance, chance.Below(30));
        var flags = chance.Percent(94) ? Flags(code) : (byte)(chance.Below(16) << 4);
        var length = Messages.LengthOf(chance, value.Length);
        if (length > byte.MaxValue || chance.Percent(10))
            flags |= 0x10;
        return (flags & 0x10) != 0
            ? [flags, code, .. Messages.UInt16(length), .. value]
            : [flags, code, (byte)length, .. value];
    }

    private static byte Flags(byte code) => code switch
    {
        1 or 2 or 3 or 5 or 6 => 0x40,
        4 or 9 or 10 or 14 or 15 or 26 => 0x80,
        _ => 0xC0,
    };

    private static byte[] Value(Chance chance, byte code) => code switch
    {
        1 => [(byte)(chance.Percent(95) ? chance.Below(3) : chance.Below(256))],
        2 or 17 => AsPath(chance, isFourOctet: code == 17 || chance.Percent(70)),
        3 or 9 => [10, 0, 1, (byte)chance.Below(256)],
        4 or 5 or 35 => Messages.UInt32(chance.Pick(0u, 100u, 65001u, uint.MaxValue)),
        6 => [],
        7 => chance.Percent(70) ? [0, 0, 0xFD, 0xE9, 10, 0, 0, 1] : [0xFD, 0xE9, 10, 0, 0, 1],
        8 or 10 => Messages.Octets(chance, 4 * chance.Below(5)),
        14 => MpReach(chance),
        15 => [.. Family(chance, out var isIPv6), .. chance.Percent(20) ? [] : Prefixes(chance, isIPv6)],
        16 => Messages.Octets(chance, 8 * chance.Below(4)),
        18 => [0, 0, 0xFD, 0xE9, 10, 0, 0, 1],
        32 => Messages.Octets(chance, 12 * chance.Below(4)),
        _ => Messages.Octets(chance, chance.Below(12)),
    };

    private static byte[] AsPath(Chance chance, bool isFourOctet)
    {
        var path = new List<byte>();
        for (var segments = chance.Below(3); segments > 0; segments--)
        {
            var count = chance.Below(4);
            path.AddRange([(byte)(chance.Percent(95) ? 1 + chance.Below(4) : chance.Below(256)),
                (byte)Messages.LengthOf(chance, count)]);
            for (; count > 0; count--)
            {
                var number = chance.Pick(65002u, 65001u, 64512u, 0u, 23456u);
                path.AddRange(isFourOctet ? Messages.UInt32(number) : Messages.UInt16((int)number));
            }
        }
        return [.. path];
    }

    private static byte[] MpReach(Chance chance)
    {
        var family = Family(chance, out var isIPv6);
        var nextHop = Messages.Octets(chance, chance.Pick(16, 16, 32, 4, 0, 48));
        if (nextHop.Length >= 16)
            (nextHop[0], nextHop[1]) = (0x20, 0x01);
        return
        [
            .. family, (byte)Messages.LengthOf(chance, nextHop.Length), .. nextHop, 0, .. Prefixes(chance, isIPv6),
        ];
    }

    private static byte[] Family(Chance chance, out bool isIPv6)
    {
        isIPv6 = chance.Percent(75);
        var afi = chance.Percent(5) ? chance.Below(256) : isIPv6 ? 2 : 1;
        return [0, (byte)afi, chance.Pick<byte>(1, 1, 1, 1, 2, 128)];
    }

    private static byte[] Prefixes(Chance chance, bool isIPv6)
    {
        var prefixes = new List<byte>();
        for (var left = 1 + chance.Below(4); left > 0; left--)
        {
            var bits = isIPv6 ? chance.Pick(128, 48, 0, 64, 127, 129) : chance.Pick(32, 24, 0, 25, 8, 33);
            if (bits is 33 or 129 && chance.Percent(80))
                bits--;
            prefixes.AddRange([(byte)bits, .. Messages.Octets(chance, (bits + 7) / 8)]);
        }
        return [.. prefixes];
    }
}

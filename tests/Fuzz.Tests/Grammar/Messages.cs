using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Fuzz.Tests.Grammar;

/// <summary>Pieces of BGP messages.</summary>
internal static class Messages
{
    private const int LengthOffset = 16;
    private const int TypeOffset = 18;

    /// <summary>A message with its header.</summary>
    public static byte[] Make(MessageType type, IReadOnlyCollection<byte> body) =>
    [
        .. Enumerable.Repeat((byte)0xFF, LengthOffset), .. UInt16(MessageSize.Header + body.Count), (byte)type, .. body,
    ];

    /// <summary>Sets marker, length and type: a wrong header hides everything behind it from the decoders.</summary>
    /// <param name="input">What was mutated.</param>
    /// <param name="start">Where the message begins.</param>
    /// <param name="type">Null: left as it is.</param>
    public static void Repair(List<byte> input, int start, MessageType? type)
    {
        var length = input.Count - start;
        if (length is < MessageSize.Header or > ushort.MaxValue)
            return;
        for (var i = 0; i < LengthOffset; i++)
            input[start + i] = 0xFF;
        input[start + LengthOffset] = (byte)(length >> 8);
        input[start + LengthOffset + 1] = (byte)length;
        if (type is { } known)
            input[start + TypeOffset] = (byte)known;
    }

    public static byte[] UInt16(int value) => [(byte)(value >> 8), (byte)value];

    public static byte[] UInt32(uint value) => [.. UInt16((int)(value >> 16)), .. UInt16((int)(value & 0xFFFF))];

    public static byte[] Octets(Chance chance, int count)
    {
        var octets = new byte[count];
        for (var i = 0; i < count; i++)
            octets[i] = (byte)chance.Below(256);
        return octets;
    }

    /// <summary>Mostly the true length, now and then one near it: where decoders read too far.</summary>
    public static int LengthOf(Chance chance, int length) =>
        chance.Percent(97) ? length : Math.Clamp(length + chance.Pick(-1, 1, -4, 4, 200), 0, ushort.MaxValue);
}

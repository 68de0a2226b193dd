using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>
/// Octets ⇄ <see cref="BfdPacket"/>, RFC 5880 section 4.1:
/// <code>
/// | version 3, diagnostic 5 | state 2, P F C A D M | detect mult | length |
/// | my discriminator 4 | your discriminator 4 | desired min TX 4 | required min RX 4 | required min echo RX 4 |
/// | authentication, if A is set: type 1, length 1, data |
/// </code>
/// </summary>
public static class BfdPacketCodec
{
    /// <summary>The length of a packet without an authentication section, in octets.</summary>
    public const int Length = 24;

    /// <summary>What the Interval fields can hold.</summary>
    public static readonly TimeSpan LongestInterval = TimeSpan.FromMicroseconds(uint.MaxValue);

    private const int LengthOffset = 3;
    private const int LengthWithAuthentication = 26;
    private const byte Version = 1;
    private const byte PollBit = 0x20;
    private const byte FinalBit = 0x10;
    private const byte ControlPlaneIndependentBit = 0x08;
    private const byte AuthenticationPresentBit = 0x04;
    private const byte DemandBit = 0x02;
    private const byte MultipointBit = 0x01;

    /// <summary>
    /// Decodes a packet and makes those checks of RFC 5880 section 6.8.6, in its order, that need no session; the
    /// others are <see cref="BfdDemultiplexer"/>'s.
    /// </summary>
    /// <param name="payload">The whole UDP payload; octets behind Length do not count.</param>
    /// <param name="packet">What the fields say, whatever the verdict; default unless it is whole.</param>
    /// <returns>The first check that failed; None for a packet to go on with.</returns>
    public static BfdDiscardReason Decode(ReadOnlySpan<byte> payload, out BfdPacket packet)
    {
        packet = default;
        if (JudgeFraming(payload) is var fault and not BfdDiscardReason.None)
            return fault;
        packet = Read(payload);
        if (packet.DetectMult == 0)
            return BfdDiscardReason.ZeroDetectMult;
        if ((payload[1] & MultipointBit) != 0)
            return BfdDiscardReason.Multipoint;
        if (packet.MyDiscriminator == 0)
            return BfdDiscardReason.ZeroMyDiscriminator;
        return packet is { YourDiscriminator: 0, State: not (BfdState.Down or BfdState.AdminDown) }
            ? BfdDiscardReason.ZeroYourDiscriminator
            : BfdDiscardReason.None;
    }

    /// <summary>Encodes a packet; without an authentication section, since none is built.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    /// <param name="packet">Intervals from zero to <see cref="LongestInterval"/>.</param>
    /// <returns>How many octets the packet took.</returns>
    public static int Encode(Span<byte> destination, in BfdPacket packet)
    {
        var octets = destination[..Length];
        octets[0] = (byte)((Version << 5) | (byte)packet.Diagnostic);
        octets[1] = (byte)(((byte)packet.State << 6)
            | (packet.Poll ? PollBit : 0)
            | (packet.Final ? FinalBit : 0)
            | (packet.ControlPlaneIndependent ? ControlPlaneIndependentBit : 0)
            | (packet.Demand ? DemandBit : 0));
        octets[2] = packet.DetectMult;
        octets[LengthOffset] = Length;
        BinaryPrimitives.WriteUInt32BigEndian(octets[4..], packet.MyDiscriminator);
        BinaryPrimitives.WriteUInt32BigEndian(octets[8..], packet.YourDiscriminator);
        WriteInterval(octets[12..], packet.DesiredMinTxInterval);
        WriteInterval(octets[16..], packet.RequiredMinRxInterval);
        WriteInterval(octets[20..], packet.RequiredMinEchoRxInterval);
        return Length;
    }

    private static BfdDiscardReason JudgeFraming(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > 0 && payload[0] >> 5 != Version)
            return BfdDiscardReason.WrongVersion;
        if (payload.Length <= LengthOffset)
            return BfdDiscardReason.TooShort;
        var length = payload[LengthOffset];
        var least = (payload[1] & AuthenticationPresentBit) == 0 ? Length : LengthWithAuthentication;
        if (length < least)
            return BfdDiscardReason.TooShort;
        return length > payload.Length ? BfdDiscardReason.LengthBeyondPayload : BfdDiscardReason.None;
    }

    private static BfdPacket Read(ReadOnlySpan<byte> payload)
    {
        var flags = payload[1];
        return new()
        {
            Diagnostic = (BfdDiagnostic)(payload[0] & 0x1F),
            State = (BfdState)(flags >> 6),
            Poll = (flags & PollBit) != 0,
            Final = (flags & FinalBit) != 0,
            ControlPlaneIndependent = (flags & ControlPlaneIndependentBit) != 0,
            Authentication =
                (flags & AuthenticationPresentBit) == 0 ? null : (BfdAuthenticationType)payload[Length],
            Demand = (flags & DemandBit) != 0,
            DetectMult = payload[2],
            MyDiscriminator = BinaryPrimitives.ReadUInt32BigEndian(payload[4..]),
            YourDiscriminator = BinaryPrimitives.ReadUInt32BigEndian(payload[8..]),
            DesiredMinTxInterval = ReadInterval(payload[12..]),
            RequiredMinRxInterval = ReadInterval(payload[16..]),
            RequiredMinEchoRxInterval = ReadInterval(payload[20..]),
        };
    }

    private static TimeSpan ReadInterval(ReadOnlySpan<byte> octets) =>
        new(BinaryPrimitives.ReadUInt32BigEndian(octets) * TimeSpan.TicksPerMicrosecond);

    private static void WriteInterval(Span<byte> octets, TimeSpan interval) =>
        BinaryPrimitives.WriteUInt32BigEndian(octets, checked((uint)(interval.Ticks / TimeSpan.TicksPerMicrosecond)));
}

using System.Globalization;
using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Vipctl.Decode;

/// <summary>Puts BFD Control packets into words.</summary>
internal static class BfdDescriber
{
    private const string Type = "BFD Control";

    /// <summary>Describes one packet; never fails, whatever the octets are.</summary>
    /// <param name="payload">The UDP payload.</param>
    /// <param name="ttl">The TTL that it arrived with on the single-hop port, where it matters; else null.</param>
    public static DecodedMessage Describe(ReadOnlySpan<byte> payload, byte? ttl)
    {
        var reason = BfdPacketCodec.Decode(payload, out var packet);
        // RFC 5881 section 5.
        if (reason == BfdDiscardReason.None && ttl is < BfdPath.FullTtl)
            reason = BfdDiscardReason.TtlTooLow;
        var isWhole = reason is not (
            BfdDiscardReason.WrongVersion or BfdDiscardReason.TooShort or BfdDiscardReason.LengthBeyondPayload);
        var isRight = reason == BfdDiscardReason.None;
        var description = new MessageDescription
        {
            Type = Type,
            Length = payload.Length,
            Fields = isWhole ? Fields(packet, ttl) : [],
            Fault = isRight ? "" : BfdText.Describe(reason, packet),
        };
        return new(0, description) { Action = isRight ? "none" : "discard" };
    }

    private static ValueList<DescribedField> Fields(in BfdPacket packet, byte? ttl)
    {
        List<DescribedField> fields =
        [
            new("state", packet.State.ToString()),
            new("diagnostic", BfdText.Describe(packet.Diagnostic)),
            new("flags", Flags(packet)),
            new("detect mult", Text(packet.DetectMult)),
            new("my discriminator", Text(packet.MyDiscriminator)),
            new("your discriminator", Text(packet.YourDiscriminator)),
            new("desired min TX", Interval(packet.DesiredMinTxInterval)),
            new("required min RX", Interval(packet.RequiredMinRxInterval)),
            new("required min echo RX", Interval(packet.RequiredMinEchoRxInterval)),
        ];
        if (packet.Authentication is { } type)
            fields.Add(new("authentication", BfdText.Describe(type)));
        if (ttl is { } arrived)
            fields.Add(new("TTL", Text(arrived)));
        return fields.ToValueList();
    }

    private static string Flags(in BfdPacket packet)
    {
        List<string> flags = [];
        if (packet.Poll)
            flags.Add("poll");
        if (packet.Final)
            flags.Add("final");
        if (packet.ControlPlaneIndependent)
            flags.Add("control-plane-independent");
        if (packet.Authentication is not null)
            flags.Add("authentication-present");
        if (packet.Demand)
            flags.Add("demand");
        return flags.Count == 0 ? "none" : string.Join(' ', flags);
    }

    private static string Interval(TimeSpan interval) =>
        string.Create(CultureInfo.InvariantCulture, $"{interval.TotalMicroseconds / 1000:0.###} ms");

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);
}

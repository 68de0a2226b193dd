using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Values of path attributes in words; called for well-formed values only.</summary>
internal static class AttributeFormats
{
    private delegate string ItemFormat(ReadOnlySpan<byte> item);

    public static string Origin(ReadOnlySpan<byte> value, in UpdateContext context) => (Origin)value[0] switch
    {
        Wire.Origin.Igp => "IGP",
        Wire.Origin.Egp => "EGP",
        _ => "INCOMPLETE",
    };

    public static string AsPath(ReadOnlySpan<byte> value, in UpdateContext context) =>
        Segments(value, context.FourOctetAs ? 4 : 2);

    public static string As4Path(ReadOnlySpan<byte> value, in UpdateContext context) => Segments(value, 4);

    public static string Addresses(ReadOnlySpan<byte> value, in UpdateContext context) =>
        Join(value, 4, static item => new IPAddress(item).ToString());

    public static string Number(ReadOnlySpan<byte> value, in UpdateContext context) => $"{ReadUInt32(value)}";

    public static string Nothing(ReadOnlySpan<byte> value, in UpdateContext context) => "";

    public static string Aggregator(ReadOnlySpan<byte> value, in UpdateContext context) =>
        $"AS {AttributeChecks.ReadAs(value, value.Length - 4)} {new IPAddress(value[^4..])}";

    public static string As4Aggregator(ReadOnlySpan<byte> value, in UpdateContext context) =>
        Aggregator(value, context);

    public static string Communities(ReadOnlySpan<byte> value, in UpdateContext context) =>
        Join(value, 4, static item => CommunityText.Format(ReadUInt32(item)));

    public static string ExtendedCommunities(ReadOnlySpan<byte> value, in UpdateContext context) =>
        Join(value, ExtendedCommunity.Length, static item =>
            ExtendedCommunityText.Describe(ExtendedCommunity.Read(item)));

    public static string LargeCommunities(ReadOnlySpan<byte> value, in UpdateContext context) =>
        Join(value, 12, static item =>
            new LargeCommunity(ReadUInt32(item), ReadUInt32(item[4..]), ReadUInt32(item[8..])).ToString());

    public static string MpReach(ReadOnlySpan<byte> value, in UpdateContext context)
    {
        MpNlri.ParseReach(value, context, out var reach);
        if (!reach.IsCarried)
            return NotCarried(reach);
        var size = Math.Min(reach.NextHop.Length, 16);
        var nextHops = Join(reach.NextHop, size, static item => new IPAddress(item).ToString());
        return $"{reach.Family} next hop {nextHops}, {reach.Count} prefixes";
    }

    public static string MpUnreach(ReadOnlySpan<byte> value, in UpdateContext context)
    {
        MpNlri.ParseUnreach(value, context, out var unreach);
        return unreach.IsCarried ? $"{unreach.Family}, {unreach.Count} prefixes" : NotCarried(unreach);
    }

    private static string NotCarried(in MpNlri parsed) => $"{parsed.Family}, not negotiated: ignored";

    // As routers show it: a sequence plain, {set}, (confederation sequence), [confederation set].
    private static string Segments(ReadOnlySpan<byte> value, int asLength)
    {
        var text = new StringBuilder();
        while (!value.IsEmpty)
        {
            var (open, close) = (SegmentType)value[0] switch
            {
                SegmentType.AsSet => ("{", "}"),
                SegmentType.AsConfedSequence => ("(", ")"),
                SegmentType.AsConfedSet => ("[", "]"),
                _ => ("", ""),
            };
            var length = value[1] * asLength;
            var numbers = Join(value.Slice(2, length), asLength, static item =>
                $"{AttributeChecks.ReadAs(item, item.Length)}");
            text.Append(text.Length > 0 ? " " : "").Append(open).Append(numbers).Append(close);
            value = value[(length + 2)..];
        }
        return text.ToString();
    }

    private static string Join(ReadOnlySpan<byte> value, int size, ItemFormat format)
    {
        var text = new StringBuilder();
        for (; !value.IsEmpty; value = value[size..])
            text.Append(text.Length > 0 ? " " : "").Append(format(value[..size]));
        return text.ToString();
    }

    private static uint ReadUInt32(ReadOnlySpan<byte> octets) => BinaryPrimitives.ReadUInt32BigEndian(octets);
}

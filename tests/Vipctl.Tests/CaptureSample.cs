using System.Net;

namespace AnycastVip.Vipctl.Tests;

/// <summary>A session over IPv4 and one over IPv6 with every type of message, and BFD packets of both kinds.</summary>
internal static class CaptureSample
{
    private const byte Syn = 0x02;
    private const byte Push = 0x18;
    private const string Marker = "ffffffffffffffffffffffffffffffff";

    public static IPEndPoint Left => IPEndPoint.Parse("10.0.1.1:179");

    public static IPEndPoint Right => IPEndPoint.Parse("10.0.1.2:41234");

    public static byte[] Keepalive => Convert.FromHexString(Marker + "001304");

    /// <summary>203.0.113.50/32 by 65002 with all attributes that a route of ours has.</summary>
    public static byte[] Update => UpdateOf(
        "",
        "40010100" + "40020602010000fdea" + "4003040a000102" + "80040400000064" + "c00804ffff0000"
            + "c0200c0000fde90000000100000002",
        "20cb007132");

    public static byte[] Bfd => Convert.FromHexString("20c803180000000200000001000493e0000493e000000000");

    public static byte[] Open(ushort asNumber, bool fourOctet)
    {
        var capabilities =
            "010400010001" + "010400020001" + "0200" + (fourOctet ? $"41040000{asNumber:x4}" : "fe0400000000");
        var length = capabilities.Length / 2;
        return Message(1, $"04{asNumber:x4}005a0a0001{asNumber & 0xFF:x2}{length + 2:x2}02{length:x2}{capabilities}");
    }

    public static byte[] Write(CaptureFormat format)
    {
        var writer = new CaptureWriter(format);
        Session(writer, Left, Right);
        Session(writer, IPEndPoint.Parse("[2001:db8::1]:43210"), IPEndPoint.Parse("[2001:db8::2]:179"));
        writer.AddUdp(new(Left.Address, 49152), new(Right.Address, 3784), 255, Bfd);
        writer.AddUdp(new(Right.Address, 49153), new(Left.Address, 3784), 255, BfdPoll);
        var (left6, right6) = (IPAddress.Parse("2001:db8::1"), IPAddress.Parse("2001:db8::2"));
        writer.AddUdp(new(left6, 49152), new(right6, 4784), 254, BfdAdminDown);
        return writer.ToArray();
    }

    /// <summary>Some routes of one family, announced or withdrawn.</summary>
    public static byte[] RandomUpdate(Random random)
    {
        var isIPv6 = random.Next(2) == 0;
        var prefixes = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => RandomPrefix(random, isIPv6)));
        if (random.Next(3) == 0)
            return isIPv6 ? UpdateOf("", Attribute("800f", "000201" + prefixes), "") : UpdateOf(prefixes, "", "");
        var path = string.Concat(Enumerable.Range(0, 3).Select(_ => $"{random.Next(1, int.MaxValue):x8}"));
        var attributes = "40010100" + Attribute("4002", "0203" + path) + $"800404{random.Next():x8}";
        return isIPv6
            ? UpdateOf("", attributes + Attribute("800e", $"0002011020010db8{0:x22}0200{prefixes}"), "")
            : UpdateOf("", attributes + "4003040a000102", prefixes);
    }

    private static string RandomPrefix(Random random, bool isIPv6)
    {
        var octets = random.Next(1, isIPv6 ? 17 : 5);
        var address = new byte[octets];
        random.NextBytes(address);
        return $"{8 * octets:x2}{Convert.ToHexStringLower(address)}";
    }

    private static string Attribute(string head, string value) => $"{head}{value.Length / 2:x2}{value}";

    private static void Session(CaptureWriter writer, IPEndPoint left, IPEndPoint right)
    {
        var (leftAt, rightAt) = (1000u, 4_294_967_290u);
        writer.AddTcp(left, right, leftAt++, Syn, []);
        writer.AddTcp(right, left, rightAt++, Syn, []);
        Say(left, ref leftAt, Open(65001, fourOctet: true));
        Say(right, ref rightAt, Open(65002, fourOctet: true));
        Say(left, ref leftAt, Keepalive);
        Say(right, ref rightAt, Keepalive);
        Say(right, ref rightAt, [.. Update, .. UpdateIPv6, .. EndOfRib]);
        Say(left, ref leftAt, Message(5, "00010001"));
        Say(right, ref rightAt, Withdraw);
        Say(right, ref rightAt, Message(3, "0602" + "0e6b65726e656c2075706772616465"));

        void Say(IPEndPoint end, ref uint at, byte[] octets)
        {
            writer.AddTcp(end, end == left ? right : left, at, Push, octets);
            at = unchecked(at + (uint)octets.Length);
        }
    }

    private static byte[] BfdPoll => Convert.FromHexString("216003180000000100000002000f4240000493e00000c350");

    private static byte[] BfdAdminDown => Convert.FromHexString("2710051800000007000000000000c3500000c35000000000");

    private static byte[] UpdateIPv6 => UpdateOf(
        "",
        "40010102" + "40020a02020000fdea0000fdeb"
            + "800e26000201" + "1020010db8000000000000000000000002" + "00" + "8020010db8000000000000000000000050"
            + "c00804fde90064",
        "");

    private static byte[] EndOfRib => UpdateOf("", "", "");

    private static byte[] Withdraw =>
        UpdateOf("20cb007132", "800f14000201" + "8020010db8000000000000000000000050", "");

    private static byte[] UpdateOf(string withdrawn, string attributes, string nlri) =>
        Message(2, $"{withdrawn.Length / 2:x4}{withdrawn}{attributes.Length / 2:x4}{attributes}{nlri}");

    private static byte[] Message(byte type, string body)
    {
        var length = 19 + (body.Length / 2);
        return Convert.FromHexString($"{Marker}{length:x4}{type:x2}{body}");
    }
}

using System.Net;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.Netlink;

namespace AnycastVip.HealthGate.Tests.Addresses;

public sealed class NetlinkCodecTests
{
    private static readonly IPAddress V4 = IPAddress.Parse("192.0.2.77");
    private static readonly IPAddress V6 = IPAddress.Parse("2001:db8::50");

    // Little-endian, as the machines that run the tests are. Header | ifaddrmsg | attributes.
    public static TheoryData<string, string> Requests => new()
    {
        { "dump", "18000000 1600 0103 07000000 00000000 | 0000000000000000" },
        { "add v4", """
            30000000 1400 0506 07000000 00000000 | 02 20 00 FE 01000000
            | 0800 0200 C000024D | 0800 0100 C000024D | 0500 0B00 56 000000
            """ },
        { "add v6", """
            5C000000 1400 0506 07000000 00000000 | 0A 80 02 00 01000000
            | 1400 0200 20010DB8000000000000000000000050 | 1400 0100 20010DB8000000000000000000000050
            | 1400 0600 00000000 FFFFFFFF 00000000 00000000 | 0500 0B00 56 000000
            """ },
        { "remove v4", """
            28000000 1500 0500 07000000 00000000 | 02 20 00 FE 01000000
            | 0800 0200 C000024D | 0800 0100 C000024D
            """ },
        { "link by name", """
            28000000 1200 0500 07000000 00000000 | 00000000000000000000000000000000 | 0700 0300 6C6F00 00
            """ },
        { "link by index", "20000000 1200 0500 07000000 00000000 | 00000000 09000000 0000000000000000" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_has_exactly_these_octets(string name, string expected)
    {
        var octets = name switch
        {
            "dump" => AddressMessages.Dump(7),
            "add v4" => AddressMessages.Add(7, 1, V4),
            "add v6" => AddressMessages.Add(7, 1, V6),
            "remove v4" => AddressMessages.Remove(7, 1, V4),
            "link by name" => AddressMessages.FindLink(7, "lo"),
            _ => AddressMessages.FindLink(7, 9),
        };

        Assert.Equal(Convert.ToHexString(Hex(expected)), Convert.ToHexString(octets));
    }

    // What a kernel 6.18 answered to a dump in a fresh namespace.
    private const string KernelDump = """
        4C000000 1400 0200 07000000 DA020000 02 08 80 FE 01000000
        08000100 7F000001 08000200 7F000001 07000300 6C6F0000 08000800 80000000
        14000600 FFFFFFFF FFFFFFFF 7CB80900 7CB80900
        50000000 1400 0200 07000000 DA020000 0A 80 80 FE 01000000
        14000100 00000000000000000000000000000001 14000600 FFFFFFFF FFFFFFFF 7CB80900 7CB80900
        08000800 80000000 05000B00 01000000
        """;

    [Fact]
    public void The_kernels_dump_is_read()
    {
        var messages = NetlinkMessage.Split(Hex(KernelDump)).ToList();

        Assert.All(messages, message => Assert.Equal(7u, message.Sequence));
        Assert.Equal(
            [
                new InterfaceAddress(1, IPAddress.Loopback, 8, 0),
                new InterfaceAddress(1, IPAddress.IPv6Loopback, 128, 1),
            ],
            messages.Select(AddressMessages.ReadAddress));
    }

    [Fact]
    public void Our_own_request_read_back_is_our_own_address()
    {
        var message = Assert.Single(NetlinkMessage.Split(AddressMessages.Add(7, 3, V6)));

        var address = AddressMessages.ReadAddress(message);

        Assert.Equal(new InterfaceAddress(3, V6, 128, InterfaceAddress.OwnProtocol), address);
        Assert.True(address!.IsOwn(3));
    }

    [Fact]
    public void On_a_point_to_point_link_the_local_end_is_the_address()
    {
        var message = Assert.Single(NetlinkMessage.Split(Hex("""
            28000000 1400 0000 00000000 00000000 02 20 80 00 05000000 08000100 C0000202 08000200 C0000201
            """)));

        Assert.Equal(IPAddress.Parse("192.0.2.1"), AddressMessages.ReadAddress(message)!.Address);
    }

    [Fact]
    public void An_error_gives_its_number_and_the_kernels_words()
    {
        // NLM_F_CAPPED | NLM_F_ACK_TLVS: the request's header only, then NLMSGERR_ATTR_MSG "no".
        var message = Assert.Single(NetlinkMessage.Split(Hex("""
            2C000000 0200 0003 07000000 00000000 F3FFFFFF
            30000000 1400 0506 07000000 00000000 0700 0100 6E6F00 00
            """)));

        Assert.Equal(13, message.ErrorNumber);
        Assert.Equal("no", message.ErrorText());
    }

    [Fact]
    public void Whatever_the_octets_reading_never_throws()
    {
        var whole = Hex(KernelDump);
        var chance = new Random(20_26);
        for (var round = 0; round < 20_000; round++)
        {
            var octets = whole[..chance.Next(whole.Length + 1)];
            for (var flips = chance.Next(6); flips > 0 && octets.Length > 0; flips--)
                octets[chance.Next(octets.Length)] = (byte)chance.Next(256);
            foreach (var message in NetlinkMessage.Split(octets))
            {
                _ = AddressMessages.ReadAddress(message);
                _ = AddressMessages.ReadLink(message);
                _ = message.ErrorNumber;
                _ = message.ErrorText();
            }
        }
    }

    [Theory]
    [InlineData(1, "CAP_NET_ADMIN")]
    [InlineData(13, "disable_ipv6=0")]
    public void A_failure_names_its_remedy(int errorNumber, string remedy) =>
        Assert.Contains(remedy, AddressText.Failure("add", V6, "lo", errorNumber, ""), Ordinal);

    private static byte[] Hex(string text) =>
        Convert.FromHexString(string.Concat(text.Where(char.IsAsciiHexDigit)));
}

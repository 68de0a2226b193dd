using AnycastVip.Vipctl.Decode;

namespace AnycastVip.Vipctl.Tests;

public sealed class HexReaderTests
{
    private const string Keepalive = "ffffffffffffffffffffffffffffffff001304";

    [Theory]
    [InlineData("", "")]
    [InlineData(" \r\n\t ", "")]
    [InlineData("0013ABcd", "0013abcd")]
    [InlineData("00:13:04", "001304")]
    [InlineData("00-13-04", "001304")]
    [InlineData("0x00, 0x13,0X04", "001304")]
    [InlineData(@"\x00\x13\x04", "001304")]
    [InlineData("0x001304", "001304")]
    [InlineData("0013\r\n04\r\n", "001304")]
    [InlineData("fe80::", "fe80")]
    [InlineData("ffff  0013", "ffff0013")]
    [InlineData("0013 04\n00000003", "00130400000003")]
    public void Octets_are_read_however_they_are_separated(string text, string expected) =>
        Assert.Equal(expected, Read(text));

    [Theory]
    [InlineData("tcpdump-x", """
            0x0000:  ffff ffff ffff ffff ffff ffff ffff ffff
            0x0010:  0013 04
        """)]
    [InlineData("tcpdump-X", """
            0x0000:  ffff ffff ffff ffff ffff ffff ffff ffff  ................
            0x0010:  0013 04                                  fed
        """)]
    [InlineData("xxd", """
        00000000: ffff ffff ffff ffff ffff ffff ffff ffff  ................
        00000010: 0013 04                                  ...
        """)]
    [InlineData("hexdump -C", """
        00000000  ff ff ff ff ff ff ff ff  ff ff ff ff ff ff ff ff  |................|
        00000010  00 13 04                                          |ab |
        00000013
        """)]
    [InlineData("Wireshark", """
        0000   ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff   ab cd
        0010   00 13 04                                          ef
        """)]
    public void A_dump_is_read_without_its_offsets_and_text(string tool, string text)
    {
        Assert.NotEmpty(tool);
        Assert.Equal(Keepalive, Read(text));
    }

    [Theory]
    [InlineData("00 1g", "line 1, column 4: '1' is half an octet: octets have two digits")]
    [InlineData("0013\n  zz", "line 2, column 3: 'z' is no hexadecimal digit")]
    [InlineData("0013 0", "line 1, column 6: '0' is half an octet: octets have two digits")]
    [InlineData("0013 0x", "line 1, column 6: '0' is half an octet: octets have two digits")]
    [InlineData("00\u001b[31m", @"line 1, column 3: '\x1b' is no hexadecimal digit")]
    [InlineData("00é", "line 1, column 3: 'é' is no hexadecimal digit")]
    public void What_is_no_hexadecimal_is_refused_with_its_place(string text, string error)
    {
        Assert.False(HexReader.TryRead(text, out var octets, out var actual));
        Assert.Empty(octets);
        Assert.Equal(error, actual);
    }

    private static string Read(string text)
    {
        Assert.True(HexReader.TryRead(text, out var octets, out var error), error);
        return Convert.ToHexStringLower(octets);
    }
}

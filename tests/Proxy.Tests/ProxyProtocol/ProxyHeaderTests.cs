using System.Buffers.Binary;
using System.Net;
using System.Text;
using AnycastVip.Proxy.ProxyProtocol;

namespace AnycastVip.Proxy.Tests.ProxyProtocol;

public sealed class ProxyHeaderTests
{
    public static TheoryData<string> Names => [.. HeaderVectors.All.Select(vector => vector.Name)];

    [Fact]
    public void Vector_names_are_unique() =>
        Assert.Equal(HeaderVectors.All.Count, HeaderVectors.All.DistinctBy(vector => vector.Name).Count());

    [Theory]
    [MemberData(nameof(Names))]
    public void The_reader_answers_as_the_vector_says(string name)
    {
        var vector = HeaderVectors.All.Single(vector => vector.Name == name);

        Assert.Equal(vector.Answer, HeaderText.Read([.. vector.Header, .. vector.Following], out var length));
        if (vector.Answer.StartsWith("whole", StringComparison.Ordinal))
            Assert.Equal(vector.Header.Length, length);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_header_that_comes_octet_by_octet_is_awaited_and_never_taken_too_early(string name)
    {
        var vector = HeaderVectors.All.Single(vector => vector.Name == name);
        for (var length = 0; length < vector.Header.Length; length++)
        {
            var answer = HeaderText.Read(vector.Header.AsSpan(0, length), out _);
            var mayFail = vector.Answer.StartsWith("fault", StringComparison.Ordinal) && answer == vector.Answer;
            Assert.True(answer == "more" || mayFail, $"after {length} octets: {answer}");
        }
    }

    [Theory]
    [InlineData("192.0.2.1", "198.51.100.2", "PROXY TCP4 192.0.2.1 198.51.100.2 56000 443\r\n")]
    [InlineData("0.0.0.0", "255.255.255.255", "PROXY TCP4 0.0.0.0 255.255.255.255 56000 443\r\n")]
    [InlineData("2001:db8::1", "::", "PROXY TCP6 2001:db8::1 :: 56000 443\r\n")]
    public void Version_1_is_written_as_the_specification_has_it(string source, string destination, string line)
    {
        var buffer = new byte[TextHeader.MaximumLength];

        var length = TextHeader.Write(Endpoint(source, 56000), Endpoint(destination, 443), buffer);

        Assert.Equal(line, Encoding.ASCII.GetString(buffer, 0, length));
    }

    [Fact]
    public void Version_1_says_UNKNOWN_of_what_it_has_no_word_for()
    {
        var buffer = new byte[TextHeader.MaximumLength];

        Assert.Equal(15, TextHeader.Write(default, default, buffer));
        Assert.Equal("more whole v1 Proxy Unspecified Unspecified", Twice(buffer, 15));
        Assert.Equal(15, TextHeader.Write(Endpoint("192.0.2.1", 1), Endpoint("::1", 1), buffer));
    }

    [Theory]
    [InlineData("::1", "::1")]
    [InlineData("1::", "1::")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:0:0:1:0:0:0:1", "2001:0:0:1::1")]
    [InlineData("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::")]
    [InlineData("ABCD:EF01:2:3:4:5:6:7", "abcd:ef01:2:3:4:5:6:7")]
    public void An_IPv6_address_is_spelt_as_RFC_5952_wants_it(string spelt, string expected)
    {
        var text = Encoding.ASCII.GetBytes(spelt);
        var buffer = new byte[39];

        Assert.True(AddressText.TryParseIPv6(text, out var address));
        var length = AddressText.Write(new(ProxyFamily.IPv6, address, 0), buffer);

        Assert.Equal(expected, Encoding.ASCII.GetString(buffer, 0, length));
        Assert.Equal(IPAddress.Parse(spelt), IPAddress.Parse(expected));
    }

    [Fact]
    public void Version_2_is_read_back_with_its_TLVs_in_order()
    {
        var buffer = new byte[512];
        var writer = ProxyHeaderWriter.Proxy(buffer, Endpoint("192.0.2.1", 56000), Endpoint("198.51.100.2", 443));
        writer.Add(TlvType.Authority, "a.example"u8);
        writer.Add(TlvType.UniqueId, [1, 2, 3]);

        Assert.Equal(
            "more whole v2 Proxy IPv4 Stream 192.0.2.1:56000 > 198.51.100.2:443 02=612e6578616d706c65 05=010203",
            Twice(buffer, writer.Length));
    }

    [Fact]
    public void Version_2_carries_IPv6_endpoints()
    {
        var buffer = new byte[ProxyHeaderWriter.MaximumHead];

        var writer = ProxyHeaderWriter.Proxy(buffer, Endpoint("2001:db8::1", 1), Endpoint("2001:db8::2", 2));

        Assert.Equal(ProxyHeaderWriter.MaximumHead, writer.Length);
        Assert.Equal(
            "more whole v2 Proxy IPv6 Stream [2001:db8::1]:1 > [2001:db8::2]:2", Twice(buffer, writer.Length));
    }

    [Fact]
    public void Version_2_says_AF_UNSPEC_where_the_families_differ_and_LOCAL_for_ourselves()
    {
        var buffer = new byte[512];

        var unspecified = ProxyHeaderWriter.Proxy(buffer, Endpoint("192.0.2.1", 1), Endpoint("2001:db8::2", 2));
        Assert.Equal("more whole v2 Proxy Unspecified Unspecified", Twice(buffer, unspecified.Length));

        var local = ProxyHeaderWriter.Local(buffer);
        Assert.Equal("more whole v2 Local Unspecified Unspecified", Twice(buffer, local.Length));
    }

    // What is read of all octets but the last, and of all.
    private static string Twice(byte[] octets, int length) =>
        HeaderText.Read(octets.AsSpan(0, length - 1), out _) + " " + HeaderText.Read(octets.AsSpan(0, length), out _);

    private static ProxyEndpoint Endpoint(string text, ushort port)
    {
        var octets = IPAddress.Parse(text).GetAddressBytes();
        return octets.Length == sizeof(uint)
            ? new(ProxyFamily.IPv4, BinaryPrimitives.ReadUInt32BigEndian(octets), port)
            : new(ProxyFamily.IPv6, BinaryPrimitives.ReadUInt128BigEndian(octets), port);
    }
}

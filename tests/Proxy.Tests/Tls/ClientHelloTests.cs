namespace AnycastVip.Proxy.Tests.Tls;

public sealed class ClientHelloTests
{
    private static readonly HelloBuilder Usual = new()
    {
        Extensions =
        [
            HelloBuilder.Grease(0x1A1A, 0), HelloBuilder.ServerName("www.example.com"),
            HelloBuilder.Alpn("h2", "http/1.1"), HelloBuilder.Grease(0xFAFA),
        ],
    };

    private const string UsualAnswer = "name=www.example.com alpn=h2,http/1.1";

    public static TheoryData<string> FaultNames => [.. Faults.Keys];

    private static Dictionary<string, (byte[] Octets, string Answer)> Faults { get; } = new()
    {
        ["a ServerHello"] = (HelloBuilder.Record([2, 0, 0, 1, 0]), "the first message is no ClientHello"),
        ["an empty record"] = (HelloBuilder.Record([]), "a record is empty"),
        ["an empty second record"] =
            ([.. HelloBuilder.Record(Usual.Message()[..9]), .. HelloBuilder.Record([])], "a record is empty"),
        ["a record of 16,385 octets"] =
            (HelloBuilder.Record([1, .. new byte[1 << 14]]), "a record is longer than 16,384 octets"),
        ["an alert within"] = (
            [.. HelloBuilder.Record(Usual.Message()[..9]), .. HelloBuilder.Record([2, 40], type: 21)],
            "a record of another type is within the hello"),
        ["a second record of version 2"] = (
            [.. HelloBuilder.Record(Usual.Message()[..9]), .. HelloBuilder.Record([0], version: 0x0203)],
            "a record is not of TLS"),
        ["a message that says it has 28 KiB"] =
            (HelloBuilder.Record([1, 0, 0x6F, 0xF8]), "the hello is longer than 28 KiB"),
        ["a message that says it has 16 MB"] =
            (HelloBuilder.Record([1, 0xFF, 0xFF, 0xFF]), "the hello is longer than 28 KiB"),
        ["48 KiB in records of one octet"] = (
            (Usual with { Extensions = [HelloBuilder.Grease(0x2A2A, 8000)] }).Records(1),
            "the hello is longer than 28 KiB"),
        ["a session id of 33 octets"] =
            ((Usual with { SessionId = new byte[33] }).Records(), "the hello's fixed fields are broken"),
        ["no cipher suite"] = ((Usual with { Suites = [] }).Records(), "the hello's fixed fields are broken"),
        ["no compression method"] =
            ((Usual with { Compression = [] }).Records(), "the hello's fixed fields are broken"),
        ["octets behind the extensions"] = (
            Extend((Usual with { Extensions = [] }).Message(), [0]),
            "the extensions do not end where the hello does"),
        ["an extension that is cut"] = (
            Extend((Usual with { Extensions = null }).Message(), [0, 5, 0, 0, 0, 2, 0]), "an extension is cut"),
        ["server_name twice"] = (
            With(HelloBuilder.ServerName("a.example"), HelloBuilder.ServerName("b.example")),
            "an extension stands there twice"),
        ["ALPN twice"] =
            (With(HelloBuilder.Alpn("h2"), HelloBuilder.Alpn("h2")), "an extension stands there twice"),
        ["ECH twice"] = (
            With(HelloBuilder.EncryptedClientHello, HelloBuilder.EncryptedClientHello),
            "an extension stands there twice"),
        ["server_name without a list"] = (With(HelloBuilder.Grease(0, 0)), "server_name is broken"),
        ["an empty list of names"] = (With(HelloBuilder.ServerName([])), "server_name is broken"),
        ["an empty name"] = (With(HelloBuilder.ServerName("")), "server_name is broken"),
        ["a name that is cut"] = (With(HelloBuilder.ServerName([0, 0, 2, 97])), "server_name is broken"),
        ["two names"] =
            (With(HelloBuilder.ServerName([0, 0, 1, 97, 0, 0, 1, 98])), "server_name is broken"),
        ["a name of type 1"] = (With(HelloBuilder.ServerName([1, 0, 1, 97])), "server_name is broken"),
        ["octets behind the names"] = (With((0, [0, 4, 0, 0, 1, 97, 0])), "server_name is broken"),
        ["ALPN without a name"] =
            (With(HelloBuilder.Alpn()), "application_layer_protocol_negotiation is broken"),
        ["ALPN with an empty name"] =
            (With(HelloBuilder.Alpn("h2", "")), "application_layer_protocol_negotiation is broken"),
        ["ALPN that is cut"] =
            (With((16, [0, 3, 3, 104, 50])), "application_layer_protocol_negotiation is broken"),
    };

    [Fact]
    public void Name_and_protocols_are_read() => Assert.Equal(UsualAnswer, HelloText.Read(Usual.Records()));

    [Theory]
    [InlineData(0x0300)]
    [InlineData(0x0301)]
    [InlineData(0x0302)]
    [InlineData(0x0303)]
    [InlineData(0x0304)]
    public void The_records_minor_version_is_ignored(int version) =>
        Assert.Equal(UsualAnswer, HelloText.Read(Usual.Records(version: (ushort)version)));

    [Fact]
    public void A_hello_without_extensions_names_nobody() =>
        Assert.Equal("name= alpn=", HelloText.Read((Usual with { Extensions = null }).Records()));

    [Fact]
    public void GREASE_is_passed_over_wherever_it_stands() => Assert.Equal(
        "name=a.example alpn=\u001a\u001a,h2",
        HelloText.Read(With(
            HelloBuilder.Grease(0x0A0A, 0), HelloBuilder.ServerName("a.example"), HelloBuilder.Grease(0x4A4A),
            HelloBuilder.Alpn("\u001a\u001a", "h2"), HelloBuilder.Grease(0xEAEA, 300))));

    [Fact]
    public void Of_an_encrypted_hello_the_outer_name_is_told() => Assert.Equal(
        "name=public.example alpn= ech",
        HelloText.Read(With(HelloBuilder.EncryptedClientHello, HelloBuilder.ServerName("public.example"))));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(100)]
    public void A_hello_spread_over_records_is_joined(int fragment) =>
        Assert.Equal(UsualAnswer, HelloText.Read(Usual.Records(fragment)));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(1 << 14)]
    public void A_hello_that_comes_octet_by_octet_is_awaited_to_its_last(int fragment)
    {
        var octets = Usual.Records(fragment);
        for (var length = 0; length < octets.Length; length++)
            Assert.Equal("more", HelloText.Read(octets.AsSpan(0, length)));
    }

    [Fact]
    public void What_follows_the_hello_is_not_looked_at()
    {
        Assert.Equal(UsualAnswer, HelloText.Read([.. Usual.Records(), 99, 99]));
        Assert.Equal(UsualAnswer, HelloText.Read([.. Usual.Records(), .. new byte[40_000]]));
        // Another message in the same record.
        Assert.Equal(UsualAnswer, HelloText.Read(HelloBuilder.Record([.. Usual.Message(), 20, 0, 0])));
    }

    [Theory]
    [InlineData(1 << 14)]
    [InlineData(4000)]
    public void A_hello_of_almost_28_KiB_is_read(int fragment)
    {
        var hello = Usual with { Extensions = [HelloBuilder.Grease(0x2A2A, 28_300), .. Usual.Extensions!] };

        Assert.Equal(UsualAnswer, HelloText.Read(hello.Records(fragment)));
    }

    [Theory]
    [InlineData("474554202f")]
    [InlineData("00")]
    [InlineData("15030100020228")]
    [InlineData("1602")]
    [InlineData("8080010301")]
    public void Another_protocol_is_known_by_its_first_octets(string hex) =>
        Assert.Equal("not TLS", HelloText.Read(Convert.FromHexString(hex)));

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void A_broken_hello_is_a_fault_at_once_and_never_taken(string name)
    {
        var (octets, answer) = Faults[name];

        Assert.Equal($"fault: {answer}", HelloText.Read(octets));
        for (var length = 0; length < Math.Min(octets.Length, 1000); length++)
            Assert.Contains(HelloText.Read(octets.AsSpan(0, length)), (string[])["more", $"fault: {answer}"]);
    }

    private static byte[] With(params (ushort, byte[])[] extensions) =>
        (Usual with { Extensions = extensions }).Records();

    // One record with the message made longer.
    private static byte[] Extend(byte[] message, byte[] more)
    {
        byte[] body = [.. message[4..], .. more];
        return HelloBuilder.Record([1, 0, (byte)(body.Length >> 8), (byte)body.Length, .. body]);
    }
}

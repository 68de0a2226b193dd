using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.Proxy.Tests.Tls;
using AnycastVip.Proxy.Tls;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>A client's first flight: the answer is the same however it is cut, and a name leads to one route.</summary>
internal sealed class ClientHelloTarget : FuzzTarget
{
    private static readonly string[] Names = ["www.example.com", "a.b.example.com", "192.0.2.1", "", "x"];

    private readonly byte[] _scratch = new byte[ClientHelloReader.MaximumLength];

    private readonly SniRouter _router = new(new SniRoutes
    {
        Routes =
        [
            new() { Names = ["www.example.com"], Protocols = ["h2"], Pool = "exact" },
            new() { Names = ["*.example.com"], Pool = "below" },
        ],
    });

    public override string Name => "client-hello";

    public override int Share => 7;

    public override long AllocationBound(int inputLength) => 4096;

    public override IEnumerable<byte[]> Seeds()
    {
        var hello = new HelloBuilder
        {
            Extensions =
            [
                HelloBuilder.Grease(0x1A1A, 0), HelloBuilder.ServerName("www.example.com"),
                HelloBuilder.Alpn("h2", "http/1.1"), HelloBuilder.EncryptedClientHello,
            ],
        };
        yield return hello.Records();
        yield return hello.Records(fragment: 20);
        yield return (hello with { Extensions = null }).Records();
    }

    public override byte[] Generate(Chance chance) => new HelloBuilder
    {
        SessionId = new byte[chance.Below(34)],
        Extensions =
        [
            .. Enumerable.Range(0, chance.Below(5)).Select(_ => chance.Below(4) switch
            {
                0 => HelloBuilder.ServerName(Names[chance.Below(Names.Length)]),
                1 => HelloBuilder.Alpn("h2", "x"),
                2 => HelloBuilder.EncryptedClientHello,
                _ => HelloBuilder.Grease((ushort)chance.Below(64), chance.Below(6)),
            }),
        ],
    }.Records(chance.Percent(50) ? 1 << 14 : 1 + chance.Below(60));

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var verdict = ClientHelloReader.Read(input, _scratch, out var hello, out var fault);
        var signature = new Signature();
        signature.Add((int)verdict);
        foreach (var letter in fault)
            signature.Add(letter);
        PromiseBroken.Unless((verdict == HelloVerdict.Fault) == fault.Length > 0, "a fault has words, and only it");
        if (verdict != HelloVerdict.Whole)
            return signature.Value;
        signature.AddCount(hello.ServerName.Length);
        signature.Add(hello.HasEncryptedClientHello ? 1 : 0);
        var names = new ProtocolNames(hello.Protocols);
        while (names.TryRead(out var name))
            PromiseBroken.Unless(name.Length is > 0 and < 256, "a protocol has a name");
        var route = _router.Find(hello);
        signature.Add(route);
        for (var length = input.Length - 1; length >= 0; length -= Math.Max(1, input.Length / 8))
        {
            var earlier = ClientHelloReader.Read(input[..length], _scratch, out var again, out _);
            PromiseBroken.Unless(earlier is HelloVerdict.NeedMore or HelloVerdict.Whole, "its beginning is no fault");
            PromiseBroken.Unless(
                earlier == HelloVerdict.NeedMore || _router.Find(again) == route, "what follows it changes nothing");
        }
        return signature.Value;
    }
}

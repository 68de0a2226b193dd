using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.Proxy.ProxyProtocol;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>The PROXY protocol's header: what is taken ends where it says, and what we write says the same.</summary>
internal sealed class ProxyHeaderTarget : FuzzTarget
{
    private static readonly byte[] Types = [0x00, 0x11, 0x12, 0x21, 0x22, 0x31];

    private readonly byte[] _buffer = new byte[ProxyHeaderReader.MaximumLength];

    public override string Name => "proxy-header";

    public override int Share => 7;

    public override long AllocationBound(int inputLength) => 4096;

    public override IEnumerable<byte[]> Seeds() =>
    [
        [.. "PROXY TCP4 192.0.2.1 198.51.100.2 56000 443\r\nGET"u8],
        [.. "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 56000 443\r\n"u8],
        [.. "PROXY UNKNOWN ffff:: 1\r\n"u8],
        Convert.FromHexString("0d0a0d0a000d0a515549540a20000000"),
        Convert.FromHexString(
            "0d0a0d0a000d0a515549540a2111001cc0000201c6336402dac001bb040001ff03000432e18bed050002abcd"),
    ];

    public override byte[] Generate(Chance chance)
    {
        var type = Types[chance.Below(Types.Length)];
        var block = new List<byte>(new byte[(type >> 4) switch { 1 => 12, 2 => 36, 3 => 216, _ => 0 }]);
        for (var tlvs = chance.Below(4); tlvs > 0; tlvs--)
        {
            var length = chance.Below(8);
            block.AddRange([(byte)chance.Below(0x31), 0, (byte)length, .. new byte[length]]);
        }
        var command = (byte)(chance.Percent(95) ? 0x21 : 0x20);
        return
        [
            .. ProxyHeaderReader.Signature, command, type, (byte)(block.Count >> 8), (byte)block.Count, .. block,
        ];
    }

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var verdict = ProxyHeaderReader.Read(input, out var header, out var fault);
        var signature = new Signature();
        signature.Add((int)verdict);
        foreach (var letter in fault)
            signature.Add(letter);
        PromiseBroken.Unless((verdict == HeaderVerdict.Fault) == fault.Length > 0, "a fault has words, and only it");
        if (verdict != HeaderVerdict.Whole)
            return signature.Value;
        signature.Add((int)header.Family << 4 | (int)header.Transport);
        PromiseBroken.Unless(header.Length > 0 && header.Length <= input.Length, "it ends within what has come");
        PromiseBroken.Unless(header.Length <= ProxyHeaderReader.MaximumLength, "it is bounded");
        PromiseBroken.Unless(
            ProxyHeaderReader.Read(input[..(header.Length - 1)], out _, out _) == HeaderVerdict.NeedMore,
            "it is not taken before its last octet");
        var tlvs = new TlvReader(header.Tlvs);
        while (tlvs.TryRead(out var type, out _))
            signature.Add(type);
        PromiseBroken.Unless(!tlvs.IsCut, "its TLVs are whole");
        if (header.HasEndpoints)
        {
            Compare(header, ProxyHeaderWriter.Proxy(_buffer, header.Source, header.Destination).Length);
            Compare(header, TextHeader.Write(header.Source, header.Destination, _buffer));
        }
        return signature.Value;
    }

    private void Compare(in ProxyHeader header, int written)
    {
        PromiseBroken.Unless(
            ProxyHeaderReader.Read(_buffer.AsSpan(0, written), out var again, out _) == HeaderVerdict.Whole,
            "what we write, we read");
        PromiseBroken.Unless(
            again.Length == written && again.Source == header.Source && again.Destination == header.Destination,
            "it says the same again");
    }
}

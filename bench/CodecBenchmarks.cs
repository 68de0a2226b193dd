using System.Net;
using AnycastVip.BgpSpeaker.Wire;
using BenchmarkDotNet.Attributes;

namespace AnycastVip.Bench;

/// <summary>An UPDATE with one prefix, as a VIP's change makes it: decoded with all checks, and encoded.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks
{
    private static readonly UpdateContext Context = UpdateContext.Assumed with { LocalAs = 65001 };

    private readonly byte[] _buffer = new byte[MessageSize.Maximum];
    private readonly Prefix[] _prefixIPv4 = [Prefix.Create(IPAddress.Parse("203.0.113.50"), 32)!.Value];
    private readonly Prefix[] _prefixIPv6 = [Prefix.Create(IPAddress.Parse("2001:db8::50"), 128)!.Value];
    private readonly EncodedAttributes _attributesIPv4 = Attributes("10.0.1.2");
    private readonly EncodedAttributes _attributesIPv6 = Attributes("2001:db8:1::2");
    private byte[] _updateIPv4 = [];
    private byte[] _updateIPv6 = [];

    [GlobalSetup]
    public void Setup()
    {
        _updateIPv4 = _buffer[..EncodeIPv4()];
        _updateIPv6 = _buffer[..EncodeIPv6()];
        if (DecodeIPv4().AnnouncedIPv4 != 1 || DecodeIPv6().AnnouncedIPv6 != 1)
            throw new InvalidOperationException("The messages to measure do not announce one prefix each.");
    }

    [Benchmark(Description = "decode UPDATE, 203.0.113.50/32")]
    public UpdateOutcome DecodeIPv4() => UpdateDecoder.Decode(_updateIPv4, Context);

    [Benchmark(Description = "decode UPDATE, 2001:db8::50/128")]
    public UpdateOutcome DecodeIPv6() => UpdateDecoder.Decode(_updateIPv6, Context);

    [Benchmark(Description = "frame and decode UPDATE, 203.0.113.50/32")]
    public UpdateOutcome FrameAndDecodeIPv4()
    {
        Framer.Next(_updateIPv4, MessageSize.Maximum, out _, out var length, out _);
        return UpdateDecoder.Decode(_updateIPv4.AsSpan(0, length), Context);
    }

    [Benchmark(Description = "encode UPDATE, 203.0.113.50/32")]
    public int EncodeIPv4() => UpdateEncoder.EncodeAnnounce(_buffer, _attributesIPv4, _prefixIPv4, out _);

    [Benchmark(Description = "encode UPDATE, 2001:db8::50/128")]
    public int EncodeIPv6() => UpdateEncoder.EncodeAnnounce(_buffer, _attributesIPv6, _prefixIPv6, out _);

    [Benchmark(Description = "encode withdraw, 203.0.113.50/32")]
    public int WithdrawIPv4() => UpdateEncoder.EncodeWithdraw(_buffer, Family.IPv4Unicast, _prefixIPv4, out _);

    private static EncodedAttributes Attributes(string nextHop) =>
        new(new PathAttributes { AsPath = [65002], NextHop = IPAddress.Parse(nextHop) }, fourOctetAs: true);
}

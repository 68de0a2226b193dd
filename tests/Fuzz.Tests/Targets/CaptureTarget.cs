using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Vipctl.Capture;
using AnycastVip.Vipctl.Decode;
using AnycastVip.Vipctl.Tests;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>
/// pcap and pcapng: any octets are read to an end or a fault, and each octet of a direction of TCP is told of once.
/// </summary>
internal sealed class CaptureTarget : FuzzTarget
{
    private static readonly CaptureFormat[] Formats =
    [
        new(0xA1B2C3D4, 1), new(0xD4C3B2A1, 1, IsTagged: true), new(0x4D3CB2A1, 113), new(0xD4C3B2A1, 276),
        new(0xD4C3B2A1, 101), new(CaptureFormat.Pcapng, 1),
    ];

    public override string Name => "capture";

    public override int Share => 6;

    public override long AllocationBound(int inputLength) => 2 * 1024 * 1024 + (1024L * inputLength);

    public override IEnumerable<byte[]> Seeds() => Formats.Select(CaptureSample.Write);

    // A few frames of a session: the samples are long, so that most mutations would hit what was right before.
    public override byte[] Generate(Chance chance)
    {
        var writer = new CaptureWriter(chance.Pick<CaptureFormat>(Formats));
        var (left, right) = (CaptureSample.Left, CaptureSample.Right);
        for (var frames = 1 + chance.Below(6); frames > 0; frames--)
        {
            var at = (uint)chance.Pick(0, 0, 1, 19, 20, 38, 1000, -1);
            if (chance.Percent(20))
                writer.AddUdp(left, new(right.Address, 3784), 255, BfdGrammar.Packet(chance));
            else
                writer.AddTcp(left, right, at, chance.Pick<byte>(0x02, 0x18), Payload(chance));
        }
        return writer.ToArray();
    }

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var signature = new Signature();
        using var stream = new MemoryStream(input.ToArray());
        if (CaptureReader.Open(stream, out var fault) is not { } reader)
        {
            PromiseBroken.Unless(fault.Length > 0, "a refusal has words");
            return signature.Value;
        }
        var ends = new Dictionary<string, long>();
        foreach (var message in new CaptureDecoder(reader, UpdateContext.Assumed, bgpPort: 179).Messages())
        {
            PromiseBroken.Unless(message.Description.Length >= 0, "a length is not negative");
            signature.Add(message.Description.Type.Length);
            signature.Add((int)message.Description.Severity);
            if (message.Description.Type == "BFD Control")
                continue;
            var direction = $"{message.Origin!.Source} {message.Origin.Destination}";
            var begins = ends.GetValueOrDefault(direction);
            // A SYN begins another stream.
            PromiseBroken.Unless(message.Offset == begins || message.Offset == 0, "octets are told of once, in order");
            ends[direction] = message.Offset + message.Description.Length;
        }
        signature.Add(reader.Fault?.Length ?? 0);
        return signature.Value;
    }

    private static byte[] Payload(Chance chance) => chance.Below(4) switch
    {
        0 => [],
        1 => CaptureSample.Keepalive,
        2 => CaptureSample.Keepalive[..chance.Below(19)],
        _ => CaptureSample.Update,
    };
}

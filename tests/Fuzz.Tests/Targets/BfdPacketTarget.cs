using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Tests.Simulation;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>A BFD Control packet: what is accepted comes back octet for octet.</summary>
internal sealed class BfdPacketTarget : FuzzTarget
{
    private readonly byte[] _buffer = new byte[BfdPacketCodec.Length];

    public override string Name => "bfd-packet";

    public override int Share => 7;

    public override long AllocationBound(int inputLength) => 64 * 1024;

    public override IEnumerable<byte[]> Seeds()
    {
        yield return Convert.FromHexString("20c003180000000200000001000493e0000493e000000000");
        yield return Convert.FromHexString("204403180000000200000001000f4240000f424000000000");
    }

    public override byte[] Generate(Chance chance) => BfdGrammar.Packet(chance);

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var verdict = BfdPacketCodec.Decode(input, out var packet);
        var signature = new Signature();
        signature.Add((int)verdict);
        PromiseBroken.Unless(BfdText.Describe(verdict, packet).Length > 0, "a verdict has words");
        PromiseBroken.Unless(BfdText.Describe(packet.Diagnostic).Length > 0, "a diagnostic has words");
        if (verdict != BfdDiscardReason.None)
            return signature.Value;
        signature.Add((int)packet.State);
        signature.Add(Math.Min((int)packet.Diagnostic, 9));
        if (packet.Authentication is not null)
            return signature.Value;
        var written = BfdPacketCodec.Encode(_buffer, packet);
        PromiseBroken.Unless(written == BfdPacketCodec.Length, "a packet has one length");
        PromiseBroken.Unless(BfdPacketCodec.Decode(_buffer, out var again) == verdict, "what we encode, we accept");
        PromiseBroken.Unless(packet == again, "it says the same again");
        PromiseBroken.Unless(_buffer.AsSpan(0, 3).SequenceEqual(input[..3]), "the head comes back as it went in");
        PromiseBroken.Unless(_buffer.AsSpan(4).SequenceEqual(input[4..24]), "the fields come back as they went in");
        return signature.Value;
    }
}

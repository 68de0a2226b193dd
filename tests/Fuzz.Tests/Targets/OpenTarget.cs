using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Fuzz.Tests.Grammar;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>OPEN: decoded, encoded and decoded again it says the same.</summary>
internal sealed class OpenTarget : FuzzTarget
{
    public override string Name => "open";

    public override int Share => 14;

    public override long AllocationBound(int inputLength) => 512 * 1024 + (64L * inputLength);

    public override IEnumerable<byte[]> Seeds() => VectorFiles.All
        .Where(vector => vector.Layer == "open" || vector.State == "openSent")
        .Select(vector => vector.Bytes);

    public override byte[] Generate(Chance chance) => OpenGrammar.Generate(chance);

    public override void Repair(List<byte> input) => Messages.Repair(input, 0, MessageType.Open);

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var signature = new Signature();
        var status = Framer.Next(input, MessageSize.Maximum, out var type, out var length, out _);
        if (status != FrameStatus.Message || type != MessageType.Open)
            return signature.Value;
        var isRight = OpenDecoder.TryDecode(input[..length], out var open, out var error);
        PromiseBroken.Unless(isRight == (error is null) && isRight == (open is not null), "an OPEN, or an error");
        var description = MessageDescriber.Describe(input, UpdateContext.Assumed);
        PromiseBroken.Unless(description.Length == length, "the description is of the whole message");
        PromiseBroken.Unless(description.Severity == Severity.SessionReset != isRight, "both judge alike");
        signature.Add(error?.Subcode ?? 0);
        if (open is null)
            return signature.Value;
        foreach (var capability in open.Capabilities)
        {
            signature.Add(capability.Code);
            signature.Add(capability is UnknownCapability ? 1 : 0);
        }
        // Names are not compared: invalid UTF-8 in them does not come back as it went in.
        if (open.Capabilities.OfType<FqdnCapability>().Any())
            return signature.Value;
        var encoded = OpenEncoder.Encode(open);
        PromiseBroken.Unless(OpenDecoder.TryDecode(encoded, out var again, out _), "what we encode, we decode");
        PromiseBroken.Unless(open == again, "it says the same again");
        PromiseBroken.Unless(encoded.AsSpan().SequenceEqual(OpenEncoder.Encode(again!)), "encoding is stable");
        return signature.Value;
    }
}

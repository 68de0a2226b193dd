using System.Buffers.Binary;
using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Fuzz.Tests.Grammar;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>
/// UPDATE, after one octet that says in which session: what is counted is what the parts hold, the strongest error
/// decides, and one error more never makes a message milder (RFC 7606 section 3).
/// </summary>
internal sealed class UpdateTarget : FuzzTarget
{
    // MULTI_EXIT_DISC with three octets: treat-as-withdraw, or discarded if there is one already.
    private static readonly byte[] BadAttribute = [0x80, 0x04, 0x03, 0x00, 0x00, 0x00];

    private byte[] _worse = [];

    public override string Name => "update";

    public override int Share => 32;

    // The description holds each prefix and attribute as text.
    public override long AllocationBound(int inputLength) => 1024 * 1024 + (400L * inputLength);

    public override IEnumerable<byte[]> Seeds() => VectorFiles.All
        .Where(vector => vector.Layer is "update" or "header")
        .Select(vector => (byte[])[Sessions.OptionsOf(vector.Context), .. vector.Bytes]);

    public override byte[] Generate(Chance chance) =>
        [(byte)(chance.Percent(50) ? 0 : chance.Below(256)), .. UpdateGrammar.Generate(chance)];

    public override void Repair(List<byte> input) => Messages.Repair(input, 1, MessageType.Update);

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var signature = new Signature();
        if (input.IsEmpty)
            return signature.Value;
        var context = Sessions.Context(input[0]);
        var octets = input[1..];
        var status = Framer.Next(octets, MessageSize.ExtendedMaximum, out var type, out var length, out _);
        signature.Add((int)status);
        if (status != FrameStatus.Message || type != MessageType.Update)
            return signature.Value;
        var message = octets[..length];
        var outcome = UpdateDecoder.Decode(message, context, out var view);
        PromiseBroken.Unless(outcome == UpdateDecoder.Decode(message, context), "an answer is the same again");
        PromiseBroken.Unless(outcome.Severity == Severity.None == (outcome.Fault == UpdateFault.None), "a fault acts");
        PromiseBroken.Unless(outcome.Describe().Length > 0, "an outcome has words");
        CheckDescription(message, context, outcome);
        if (outcome.Severity == Severity.SessionReset)
        {
            var data = outcome.ToNotification(message).Data;
            PromiseBroken.Unless(message.IndexOf(data.AsSpan()) >= 0, "the NOTIFICATION's data is from the message");
        }
        else
        {
            CheckCounts(view, context, outcome);
            CheckOneErrorMore(message, context, view, outcome);
        }
        AddTo(ref signature, outcome, view);
        return signature.Value;
    }

    private static void CheckDescription(ReadOnlySpan<byte> message, in UpdateContext context, UpdateOutcome outcome)
    {
        var description = MessageDescriber.Describe(message, context);
        PromiseBroken.Unless(description.Length == message.Length, "the description is of the whole message");
        PromiseBroken.Unless(description.Severity == outcome.Severity, "the description says what is done");
        foreach (var attribute in description.Attributes)
            PromiseBroken.Unless(attribute.Severity <= outcome.Severity, "the strongest error decides");
    }

    private static void CheckCounts(UpdateView view, in UpdateContext context, UpdateOutcome outcome)
    {
        var announced = Count(view.Nlri, false, context) + Count(view.MpReachNlri, view.MpReachIsIPv6, context);
        var withdrawn = Count(view.WithdrawnRoutes, false, context)
            + Count(view.MpUnreachNlri, view.MpUnreachIsIPv6, context);
        var isWithdrawn = outcome.Severity == Severity.TreatAsWithdraw;
        PromiseBroken.Unless(
            outcome.AnnouncedIPv4 + outcome.AnnouncedIPv6 == (isWithdrawn ? 0 : announced),
            "announced routes are counted");
        PromiseBroken.Unless(
            outcome.WithdrawnIPv4 + outcome.WithdrawnIPv6 == withdrawn + (isWithdrawn ? announced : 0),
            "withdrawals are counted");
    }

    private void CheckOneErrorMore(
        ReadOnlySpan<byte> message, in UpdateContext context, UpdateView view, UpdateOutcome outcome)
    {
        var length = message.Length + BadAttribute.Length;
        // Behind an attribute that is cut short the error would be hidden in it.
        var reader = new AttributeReader(view.Attributes);
        while (reader.TryNext(out _))
        {
        }
        if (length > MessageSize.ExtendedMaximum || !reader.Leftover.IsEmpty)
            return;
        if (_worse.Length < length)
            _worse = new byte[2 * length];
        var attributesAt = MessageSize.Header + 2 + BinaryPrimitives.ReadUInt16BigEndian(message[MessageSize.Header..]);
        var end = attributesAt + 2 + view.Attributes.Length;
        message[..end].CopyTo(_worse);
        BadAttribute.CopyTo(_worse, end);
        message[end..].CopyTo(_worse.AsSpan(end + BadAttribute.Length));
        BinaryPrimitives.WriteUInt16BigEndian(_worse.AsSpan(16), (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(
            _worse.AsSpan(attributesAt), (ushort)(view.Attributes.Length + BadAttribute.Length));
        var worse = UpdateDecoder.Decode(_worse.AsSpan(0, length), context);
        PromiseBroken.Unless(worse.Severity >= outcome.Severity, "one error more never makes a message milder");
        PromiseBroken.Unless(worse.Severity != Severity.None, "an error is found");
    }

    private static void AddTo(ref Signature signature, UpdateOutcome outcome, UpdateView view)
    {
        signature.Add((int)outcome.Severity);
        signature.Add((int)outcome.Fault);
        signature.Add((int)(outcome.Attribute ?? 0));
        signature.Add(outcome.EndOfRib is null ? 0 : 1);
        signature.AddCount(outcome.AnnouncedIPv4);
        signature.AddCount(outcome.AnnouncedIPv6);
        signature.AddCount(outcome.WithdrawnIPv4);
        signature.AddCount(outcome.WithdrawnIPv6);
        signature.AddCount(outcome.DiscardedAttributes);
        signature.AddCount(view.Attributes.Length);
    }

    private static int Count(ReadOnlySpan<byte> nlri, bool isIPv6, in UpdateContext context)
    {
        var count = 0;
        foreach (var _ in new NlriReader(nlri, isIPv6, context.HasPathIds(isIPv6)))
            count++;
        return count;
    }
}

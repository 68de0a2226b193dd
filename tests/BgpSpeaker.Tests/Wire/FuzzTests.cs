using System.Globalization;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

/// <summary>
/// Mutates the vectors' messages. VIP_FUZZ_MESSAGES sets how many (100,000), VIP_SEED reproduces a run; a failure
/// prints the seed and the message.
/// </summary>
public sealed class FuzzTests
{
    [Fact]
    public void No_mutated_message_breaks_a_decoder()
    {
        var seed = Setting("VIP_SEED", Environment.TickCount);
        var count = Setting("VIP_FUZZ_MESSAGES", 100_000);
        var mutator = new Mutator(seed, [.. VectorFiles.All.Select(vector => vector.Bytes)]);
        for (var i = 0; i < count; i++)
        {
            var octets = mutator.Next();
            var context = mutator.NextContext();
            try
            {
                Check(octets, context);
            }
            catch (Exception exception)
            {
                var message = Convert.ToHexStringLower(octets);
                Assert.Fail($"VIP_SEED={seed}, message {i}: {message}\n{context}\n{exception}");
            }
        }
    }

    private static void Check(byte[] octets, UpdateContext context)
    {
        var description = MessageDescriber.Describe(octets, context);
        Assert.InRange(description.Length, 0, octets.Length);
        var status = Framer.Next(octets, MessageSize.ExtendedMaximum, out var type, out var length, out var error);
        Assert.Equal(status == FrameStatus.Error, error is not null);
        if (status != FrameStatus.Message)
            return;
        Assert.InRange(length, MessageSize.Header, octets.Length);
        Assert.Equal(length, description.Length);
        var message = octets.AsSpan(0, length);
        if (type == MessageType.Update)
            CheckUpdate(message, context, description);
        if (type == MessageType.Open)
            CheckOpen(message);
    }

    private static void CheckUpdate(ReadOnlySpan<byte> message, UpdateContext context, MessageDescription description)
    {
        var outcome = UpdateDecoder.Decode(message, context, out var view);
        Assert.Equal(outcome, UpdateDecoder.Decode(message, context));
        Assert.Equal(outcome.Severity, description.Severity);
        Assert.Equal(outcome.Severity == Severity.None, outcome.Fault == UpdateFault.None);
        Assert.NotEmpty(outcome.Describe());
        if (outcome.Severity == Severity.SessionReset)
        {
            var data = outcome.ToNotification(message).Data;
            Assert.True(message.IndexOf(data.AsSpan()) >= 0);
            return;
        }
        var announced = Count(new(view.Nlri, false)) + Count(new(view.MpReachNlri, view.MpReachIsIPv6));
        var withdrawn = Count(new(view.WithdrawnRoutes, false)) + Count(new(view.MpUnreachNlri, view.MpUnreachIsIPv6));
        var isWithdrawn = outcome.Severity == Severity.TreatAsWithdraw;
        Assert.Equal(isWithdrawn ? 0 : announced, outcome.AnnouncedIPv4 + outcome.AnnouncedIPv6);
        Assert.Equal(withdrawn + (isWithdrawn ? announced : 0), outcome.WithdrawnIPv4 + outcome.WithdrawnIPv6);
    }

    private static int Count(NlriReader reader)
    {
        var count = 0;
        foreach (var _ in reader)
            count++;
        return count;
    }

    private static void CheckOpen(ReadOnlySpan<byte> message)
    {
        // Names are not compared: invalid UTF-8 in them does not come back as it went in.
        if (!OpenDecoder.TryDecode(message, out var open, out _) || open.Capabilities.OfType<FqdnCapability>().Any())
            return;
        Assert.True(OpenDecoder.TryDecode(OpenEncoder.Encode(open), out var again, out _));
        Assert.Equal(open, again);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}

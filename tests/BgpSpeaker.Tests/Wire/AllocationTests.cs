using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

public sealed class AllocationTests
{
    public static TheoryData<string> UpdateNames =>
        [.. VectorFiles.All.Where(each => each.Layer == "update").Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(UpdateNames))]
    public void Decoding_an_update_allocates_nothing(string name)
    {
        var vector = VectorFiles.All.Single(vector => vector.Name == name);
        var message = vector.Bytes;
        var context = vector.Context;

        Allocations.AssertNone(() => DecodeRepeatedly(message, context));
    }

    [Fact]
    public void Framing_a_message_allocates_nothing()
    {
        var message = VectorFiles.All.Single(each => each.Name == "update/missing-mandatory: nothing is missing").Bytes;

        Allocations.AssertNone(() => FrameRepeatedly(message));
    }

    private static void DecodeRepeatedly(byte[] message, in UpdateContext context)
    {
        for (var i = 0; i < 1000; i++)
            UpdateDecoder.Decode(message, context);
    }

    private static void FrameRepeatedly(byte[] message)
    {
        for (var i = 0; i < 1000; i++)
            Framer.Next(message, MessageSize.Maximum, out _, out _, out _);
    }
}

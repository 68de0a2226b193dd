using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

public sealed class MessageEncoderTests
{
    private delegate int Encode(Span<byte> destination);

    [Fact]
    public void Keepalive_is_a_header_alone() =>
        AssertEncodes("keepalive", destination => MessageEncoder.EncodeKeepAlive(destination));

    [Fact]
    public void Notification_carries_code_subcode_and_data() =>
        AssertEncodes("notification", destination => MessageEncoder.EncodeNotification(
            destination, new(ErrorCode.Cease, CeaseError.AdministrativeShutdown, [3, .. "bye"u8])));

    [Fact]
    public void Notification_may_have_no_data() =>
        AssertEncodes("notification without data", destination => MessageEncoder.EncodeNotification(
            destination, new(ErrorCode.HoldTimerExpired, 0)));

    [Fact]
    public void Notification_that_quotes_a_longest_message_is_cut_to_4096_octets()
    {
        var destination = new byte[MessageSize.Maximum];
        var quoted = new byte[MessageSize.Maximum];
        Array.Fill(quoted, (byte)7);

        var length = MessageEncoder.EncodeNotification(
            destination, new(ErrorCode.RouteRefreshMessage, RouteRefreshError.InvalidMessageLength, [.. quoted]));

        Assert.Equal(MessageSize.Maximum, length);
        Assert.True(NotificationDecoder.TryDecode(destination, out var decoded));
        Assert.Equal([.. quoted[..Notification.MaximumDataLength]], decoded.Data);
    }

    [Theory]
    [InlineData("route-refresh request", 1, RouteRefreshSubtype.Request)]
    [InlineData("route-refresh BoRR", 2, RouteRefreshSubtype.BeginningOfRouteRefresh)]
    [InlineData("route-refresh EoRR", 2, RouteRefreshSubtype.EndOfRouteRefresh)]
    public void Route_refresh_carries_family_and_subtype(string name, ushort afi, RouteRefreshSubtype subtype) =>
        AssertEncodes(name, destination =>
            MessageEncoder.EncodeRouteRefresh(destination, new Family(afi, 1), subtype));

    private static void AssertEncodes(string name, Encode encode)
    {
        var destination = new byte[MessageSize.Maximum];
        var length = encode(destination);
        Assert.Equal(EncodedMessages.Hex(name), Convert.ToHexStringLower(destination.AsSpan(0, length)));
    }
}

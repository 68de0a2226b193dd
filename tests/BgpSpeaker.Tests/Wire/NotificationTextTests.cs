using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

public sealed class NotificationTextTests
{
    [Theory]
    [InlineData(6, 2, "0e6b65726e656c2075706772616465", "Cease/Administrative Shutdown: kernel upgrade")]
    [InlineData(6, 4, "00", "Cease/Administrative Reset")]
    [InlineData(6, 2, "02410a", "Cease/Administrative Shutdown: A\\x0a")]
    [InlineData(6, 2, "02c328", "Cease/Administrative Shutdown: 02c328")]
    [InlineData(6, 2, "0941", "Cease/Administrative Shutdown: 0941")]
    [InlineData(6, 1, "00010100000064", "Cease/Maximum Number of Prefixes Reached: ipv4-unicast, at most 100")]
    [InlineData(6, 1, "000101", "Cease/Maximum Number of Prefixes Reached: 000101")]
    [InlineData(6, 3, "0141", "Cease/Peer De-configured: 0141")]
    [InlineData(6, 9, "06020141", "Cease/Hard Reset: Cease/Administrative Shutdown: A")]
    [InlineData(6, 9, "06", "Cease/Hard Reset: 06")]
    [InlineData(6, 9, "0609060201", "Cease/Hard Reset: Cease/Hard Reset: 060201")]
    [InlineData(2, 1, "0004", "OPEN Message Error/Unsupported Version Number: 0004")]
    [InlineData(2, 0, "", "OPEN Message Error/Unspecific")]
    [InlineData(4, 0, "", "Hold Timer Expired")]
    [InlineData(6, 77, "", "Cease/77")]
    [InlineData(0, 5, "", "error 0/5")]
    [InlineData(99, 1, "ab", "error 99/1: ab")]
    public void A_notification_is_put_into_words(byte code, byte subcode, string data, string text) =>
        Assert.Equal(
            text, NotificationText.Describe(new((ErrorCode)code, subcode, [.. Convert.FromHexString(data)])));
}

using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

public sealed class WallClockTests
{
    private const string Peer = "127.1.8.1";

    [Fact]
    public async Task Fault_8_a_wall_clock_that_jumps_by_an_hour_fires_no_timer()
    {
        var clock = new JumpingClock(BootClock.Instance);
        await using var speaker = new TestSpeaker(clock, TestSpeaker.Passive(Peer));
        speaker.Announce(["203.0.113.50/32"]);
        await using var peer = await AlivePeer.EstablishAsync(speaker, Peer);
        foreach (var hours in (int[])[1, -2, 1])
        {
            clock.Jump(TimeSpan.FromHours(hours));
            var before = (await speaker.StatusAsync(Peer)).Sent.KeepAlive;
            // The hold time of the session is three of these, the lease's is a minute.
            await Poll.Until(
                () => speaker.StatusAsync(Peer),
                status => status.Sent.KeepAlive >= before + 2 || status.State != BgpState.Established,
                TestSpeaker.Bound,
                $"the session goes on after {hours} h");
            var status = await speaker.StatusAsync(Peer);
            Assert.Equal((BgpState.Established, 0, 1), (status.State, status.Flaps, status.AdvertisedIPv4));
            Assert.Equal((1, 1), (peer.Held, peer.Announced));
        }
    }
}

using AnycastVip.BgpSpeaker.Runtime.Bfd;

namespace AnycastVip.BgpSpeaker.Tests.Runtime.Bfd;

/// <summary>Fault 8 for BFD: the kernel stamps packets by the wall clock, which somebody may set.</summary>
public sealed class StampClockTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly StampClock _clock;
    private TimeSpan _boot = TimeSpan.FromSeconds(1000);
    private TimeSpan _wall = TimeSpan.FromDays(20000);

    public StampClockTests()
    {
        _clock = new(() => _boot, () => _wall);
        Assert.False(_clock.Sample());
    }

    [Fact]
    public void A_stamp_is_brought_onto_the_boot_clock()
    {
        var stamp = _wall;
        var arrived = _boot;
        Pass(TimeSpan.FromSeconds(5));

        Assert.False(_clock.Sample());
        Assert.Equal(arrived, _clock.Place(stamp, TimeSpan.Zero, _boot));
    }

    [Fact]
    public void A_packet_without_a_stamp_arrived_now() => Assert.Equal(_boot, _clock.Place(null, TimeSpan.Zero, _boot));

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_step_of_the_wall_clock_is_noticed_once_and_never_leads_out_of_what_is_possible(int direction)
    {
        var stamp = _wall;
        var earliest = _boot;
        Pass(TimeSpan.FromMilliseconds(20));

        _wall += direction * Hour;

        Assert.InRange(_clock.Place(stamp, earliest, _boot), earliest, _boot);
        Assert.True(_clock.Sample());
        Assert.InRange(_clock.Place(stamp, earliest, _boot), earliest, _boot);
        Assert.False(_clock.Sample());
    }

    [Fact]
    public void A_clock_that_is_slewed_is_no_step()
    {
        for (var second = 0; second < 100; second++)
        {
            Pass(TimeSpan.FromSeconds(1));
            _wall += TimeSpan.FromMicroseconds(500);
            Assert.False(_clock.Sample());
        }
    }

    private void Pass(TimeSpan time)
    {
        _boot += time;
        _wall += time;
    }
}

using System.Runtime.InteropServices;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public sealed unsafe class TimerWheelTests : IDisposable
{
    private const int Ids = 200;

    private readonly TimerNode* _nodes = (TimerNode*)NativeMemory.AllocZeroed(Ids, (nuint)sizeof(TimerNode));

    public void Dispose() => NativeMemory.Free(_nodes);

    [Fact]
    public void Timers_come_due_exactly_when_a_sorted_list_says_so()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            NativeMemory.Clear(_nodes, (nuint)(Ids * sizeof(TimerNode)));
            var wheel = new TimerWheel(_nodes);
            var expected = new Dictionary<int, long>();
            var now = random.NextInt64(1L << 40);
            wheel.Advance(now);
            for (var step = 0; step < 300; step++)
            {
                var id = random.Next(Ids);
                switch (random.Next(4))
                {
                    case 0:
                        wheel.Cancel(id);
                        expected.Remove(id);
                        break;
                    case 1:
                        now += Spread(random);
                        wheel.Advance(now);
                        AssertDue(wheel, expected, now, seed);
                        break;
                    default:
                        var deadline = now + 1 + Spread(random);
                        wheel.Set(id, deadline);
                        expected[id] = deadline;
                        break;
                }
                Assert.True(wheel.NextTick <= expected.Values.DefaultIfEmpty(long.MaxValue).Min(), $"seed {seed}");
                Assert.True(wheel.NextTick > now, $"seed {seed}");
            }
        }
    }

    [Fact]
    public void A_deadline_that_has_passed_is_due_at_the_next_tick()
    {
        var wheel = new TimerWheel(_nodes);
        wheel.Advance(1000);
        wheel.Set(7, 10);
        Assert.Equal(1001, wheel.NextTick);
        wheel.Advance(1001);
        Assert.True(wheel.TryTakeDue(out var id));
        Assert.Equal(7, id);
        Assert.Equal(long.MaxValue, wheel.NextTick);
    }

    [Fact]
    public void A_timer_that_is_due_can_still_be_cancelled()
    {
        var wheel = new TimerWheel(_nodes);
        wheel.Set(1, 5);
        wheel.Set(2, 5);
        wheel.Advance(9);
        wheel.Cancel(1);
        Assert.True(wheel.TryTakeDue(out var id));
        Assert.Equal(2, id);
        Assert.False(wheel.TryTakeDue(out _));
    }

    // Every order of magnitude up to beyond the outermost level.
    private static long Spread(Random random) => random.NextInt64(1L << random.Next(1, 34));

    private static void AssertDue(TimerWheel wheel, Dictionary<int, long> expected, long now, int seed)
    {
        var due = new SortedSet<int>();
        while (wheel.TryTakeDue(out var id))
            Assert.True(due.Add(id), $"seed {seed}");
        Assert.Equal(expected.Where(timer => timer.Value <= now).Select(timer => timer.Key).Order(), due);
        foreach (var id in due)
            expected.Remove(id);
    }
}

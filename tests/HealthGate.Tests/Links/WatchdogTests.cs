using AnycastVip.HealthGate.Links;
using AnycastVip.HealthGate.Tests.Checks;

namespace AnycastVip.HealthGate.Tests.Links;

public sealed class WatchdogTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(750);
    private static readonly TimeSpan First = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Silence_counts_from_the_last_sign_of_life()
    {
        var dog = new Watchdog(First, Silence, _clock);
        var watching = dog.WatchAsync(Cancel);
        _clock.Advance(TimeSpan.FromMilliseconds(700));
        dog.Feed();

        _clock.Advance(TimeSpan.FromMilliseconds(50));
        await WaitsAgain(watching);
        _clock.Advance(TimeSpan.FromMilliseconds(699));
        Assert.Equal(1, _clock.Waiting);
        _clock.Advance(TimeSpan.FromMilliseconds(1));

        await watching.WaitAsync(Patience, TimeProvider.System, Cancel);
    }

    [Fact]
    public async Task The_first_sign_of_life_may_take_longer()
    {
        var watching = new Watchdog(First, Silence, _clock).WatchAsync(Cancel);
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromMilliseconds(1500); passed += Silence)
        {
            _clock.Advance(Silence);
            await WaitsAgain(watching);
        }

        _clock.Advance(TimeSpan.FromMilliseconds(500));

        await watching.WaitAsync(Patience, TimeProvider.System, Cancel);
    }

    [Fact]
    public async Task After_a_standstill_of_its_own_process_it_looks_again_before_it_judges()
    {
        var dog = new Watchdog(First, Silence, _clock);
        var watching = dog.WatchAsync(Cancel);

        _clock.Advance(TimeSpan.FromSeconds(5));
        await WaitsAgain(watching);
        dog.Feed();
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        await WaitsAgain(watching);

        _clock.Advance(Silence);
        await watching.WaitAsync(Patience, TimeProvider.System, Cancel);
    }

    private async Task WaitsAgain(Task watching)
    {
        await Poll.Until(() => _clock.Waiting > 0 || watching.IsCompleted, isSo => isSo, Patience, "it has looked");
        Assert.False(watching.IsCompleted);
    }
}

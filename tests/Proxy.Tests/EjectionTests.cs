using System.Net;
using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

/// <summary>Passive ejection and slow start: decisions over time, without a clock.</summary>
public sealed class EjectionTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Letters are attempts, one a second: f fails, s succeeds, F fails while ejecting is not allowed. Digits let so
    // many times ten seconds pass.
    [Theory]
    [InlineData("ffff", 0)]
    [InlineData("fffff", 30)]
    [InlineData("ffffsffff", 0)]
    [InlineData("ffffsfffff", 30)]
    [InlineData("FFFFFFFF", 0)]
    [InlineData("FFFFFf", 30)]
    [InlineData("fffffff", 28)]
    [InlineData("fffff4", 0)]
    [InlineData("fffff4ffff", 0)]
    [InlineData("fffff4fffff", 60)]
    [InlineData("fffff4fffff7fffff", 90)]
    [InlineData("fffffs", 0)]
    [InlineData("fffff4sfffff", 30)]
    public void Consecutive_failures_eject_for_longer_each_time(string attempts, int secondsLeft)
    {
        var (ejection, now) = (default(Ejection), TimeSpan.Zero);
        foreach (var attempt in attempts)
        {
            now += char.IsDigit(attempt) ? 10 * (attempt - '0') * Second : Second;
            ejection = char.IsDigit(attempt) ? ejection
                : attempt == 's' ? default
                : ejection.AfterFailure(now, isAllowed: attempt == 'f');
        }
        Assert.Equal(secondsLeft > 0, ejection.IsInForce(now));
        if (secondsLeft > 0)
            Assert.Equal(secondsLeft * Second, ejection.Until - now);
    }

    [Fact]
    public void No_ejection_lasts_longer_than_the_maximum()
    {
        var (ejection, now) = (default(Ejection), TimeSpan.Zero);
        for (var i = 0; i < 100; i++)
        {
            for (var failures = 0; failures < Ejection.ConsecutiveFailures; failures++)
                ejection = ejection.AfterFailure(now, isAllowed: true);
            Assert.InRange(ejection.Until!.Value - now, Ejection.BaseTime, Ejection.MaximumTime);
            now = ejection.Until.Value;
        }
        Assert.True(ejection.AfterFailure(now, true).AfterFailure(now, true).Until <= now);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(7, 3)]
    public void At_most_half_of_those_that_serve_are_ejected_and_never_the_last(int serving, int expected)
    {
        // One more is down by the table: it does not serve, so it neither counts nor may be counted on.
        var pool = PoolOf(serving + 1, (spec, i) => spec with
        {
            State = i == serving ? BackendState.Down : BackendState.Up,
        });
        pool.Ejects = true;
        for (ushort slot = 0; slot < serving; slot++)
            Fail(pool, slot);
        Assert.Equal(
            expected, Enumerable.Range(0, serving).Count(slot => pool.EjectedFor((ushort)slot, default) is not null));
    }

    [Fact]
    public void An_ejected_backend_gets_nothing_until_its_time_is_over_or_nobody_else_is_left()
    {
        var pool = PoolOf(2);
        pool.Ejects = true;
        Fail(pool, 0);
        for (var i = 0; i < 10; i++)
            Assert.Equal(1, pool.Reserve([], Second)!.Slot);
        Assert.Equal(0, pool.Reserve([1], Second)!.Slot);
        ushort[] both = [0, 1];
        Assert.Equal(both, Enumerable.Range(0, 2).Select(_ => pool.Reserve([], Ejection.BaseTime)!.Slot).Order());
    }

    [Fact]
    public void Where_a_gate_decides_nothing_is_ejected()
    {
        var pool = PoolOf(2);
        Fail(pool, 0);
        pool.Ejects = true;
        Assert.Null(pool.EjectedFor(0, default));
        Fail(pool, 0);
        Assert.NotNull(pool.EjectedFor(0, default));
        pool.Ejects = false;
        pool.Ejects = true;
        Assert.Null(pool.EjectedFor(0, default));
    }

    [Theory]
    [InlineData(1, null, 0, 1000)]
    [InlineData(5, 10, -1, 1)]
    [InlineData(5, 10, 0, 1)]
    [InlineData(1, 10, 1, 100)]
    [InlineData(5, 10, 5, 2500)]
    [InlineData(5, 10, 10, 5000)]
    [InlineData(5, 10, 11, 5000)]
    public void A_share_grows_linearly_to_the_full_weight(int weight, int? time, int age, long expected) =>
        Assert.Equal(expected, SlowStart.ShareOf(weight, time * Second, age * Second));

    [Theory]
    [InlineData(BalanceAlgorithm.RoundRobin)]
    [InlineData(BalanceAlgorithm.LeastConnections)]
    public void A_backend_in_slow_start_gets_its_share_of_that_moment(BalanceAlgorithm algorithm)
    {
        int SharesAt(int seconds)
        {
            var pool = PoolOf(2, (spec, i) => spec with { SlowStart = i == 0 ? 10 * Second : null }, algorithm);
            return Enumerable.Range(0, 600).Count(_ => pool.Reserve([], seconds * Second)!.Slot == 0);
        }
        Assert.Equal([100, 200, 300], new[] { 2, 5, 10 }.Select(SharesAt));
    }

    private static void Fail(Pool pool, ushort slot)
    {
        for (var i = 0; i < Ejection.ConsecutiveFailures; i++)
            pool.Report(slot, succeeded: false, TimeSpan.Zero);
    }

    private static Pool PoolOf(
        int count, Func<BackendSpec, int, BackendSpec>? change = null, BalanceAlgorithm algorithm = default)
    {
        var backends = Enumerable.Range(0, count).Select(i =>
        {
            var spec = new BackendSpec { Name = $"{i}", Endpoint = new(IPAddress.Loopback, 1) };
            return new Backend(change is null ? spec : change(spec, i), (ushort)i, new());
        });
        return new(new() { Name = "p", Balance = algorithm }, [.. backends]);
    }
}

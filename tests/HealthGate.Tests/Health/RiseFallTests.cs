using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Health;

public sealed class RiseFallTests
{
    private static readonly CheckSettings Settings = new()
    {
        Interval = TimeSpan.FromSeconds(1),
        FastInterval = TimeSpan.FromMilliseconds(200),
        Timeout = TimeSpan.FromMilliseconds(500),
        Rise = 2,
        Fall = 3,
        StaleAfter = TimeSpan.FromSeconds(5),
    };

    private RiseFallState _state = RiseFall.Initial(Settings, 1, TimeSpan.Zero);
    private TimeSpan _now;

    // Each letter is a run: o (ok) or x (failed); then the verdict and HAProxy's counter.
    [Theory]
    [InlineData("", CheckVerdict.Unknown, 0)]
    [InlineData("o", CheckVerdict.Unknown, 1)]
    [InlineData("oo", CheckVerdict.Passing, 4)]
    [InlineData("x", CheckVerdict.Failing, 0)]
    [InlineData("ox", CheckVerdict.Failing, 0)]
    [InlineData("oox", CheckVerdict.Passing, 3)]
    [InlineData("ooxx", CheckVerdict.Passing, 2)]
    [InlineData("ooxxo", CheckVerdict.Passing, 4)]
    [InlineData("ooxxoxx", CheckVerdict.Passing, 2)]
    [InlineData("ooxxx", CheckVerdict.Failing, 0)]
    [InlineData("ooxxxo", CheckVerdict.Failing, 1)]
    [InlineData("ooxxxox", CheckVerdict.Failing, 0)]
    [InlineData("ooxxxoo", CheckVerdict.Passing, 4)]
    public void Results_in_a_row_make_the_verdict(string runs, CheckVerdict verdict, int counter)
    {
        foreach (var run in runs)
            Run(run == 'o');

        Assert.Equal((verdict, counter), (_state.Verdict, _state.Counter));
    }

    [Theory]
    [InlineData("", 200)]
    [InlineData("o", 200)]
    [InlineData("oo", 1000)]
    [InlineData("oox", 200)]
    [InlineData("ooxxx", 1000)]
    [InlineData("ooxxxo", 200)]
    public void The_interval_is_fast_while_the_verdict_changes(string runs, int milliseconds)
    {
        foreach (var run in runs)
            Run(run == 'o');

        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), _state.Interval);
    }

    [Fact]
    public void A_change_is_told_once_with_the_reason_of_the_last_result()
    {
        Run(true);
        Assert.Equal([new VerdictChanged(CheckVerdict.Unknown, CheckVerdict.Passing, "fine")], Run(true));
        Assert.Empty(Run(true));
        Assert.Empty(Run(false));
        Assert.Empty(Run(false));
        Assert.Equal([new VerdictChanged(CheckVerdict.Passing, CheckVerdict.Failing, "bad")], Run(false));
    }

    [Fact]
    public void First_runs_of_many_checks_spread_over_the_interval()
    {
        var starts = Enumerable.Range(0, 1000)
            .Select(seed => RiseFall.Initial(Settings, (ulong)seed, TimeSpan.Zero).NextRunAt!.Value).ToArray();

        Assert.All(starts, start => Assert.InRange(start, TimeSpan.Zero, Settings.Interval));
        var tenths = starts.GroupBy(start => (int)(start.TotalSeconds * 10)).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(10, tenths.Count);
        Assert.All(tenths.Values, count => Assert.InRange(count, 50, 150));
    }

    [Fact]
    public void Runs_keep_their_place_in_the_interval_however_late_they_start()
    {
        var first = _state.NextRunAt!.Value;
        Run(true);
        Run(true);
        var due = _state.NextRunAt!.Value;

        _now = due + TimeSpan.FromSeconds(2.3);
        Take(new CheckTimersDue());
        Take(new ProbeFinished(_state.Run, new(CheckOutcome.Ok, TimeSpan.Zero, "fine")));

        Assert.Equal(due + TimeSpan.FromSeconds(3), _state.NextRunAt);
        Assert.Equal(first + TimeSpan.FromSeconds(1.2), due);
    }

    [Fact]
    public void Without_a_result_within_the_bound_the_check_is_stale()
    {
        Run(true);
        Run(true);
        _now = _state.NextRunAt!.Value;
        Assert.Equal([new RunProbe(3)], Take(new CheckTimersDue()));

        _now = _state.StaleAt!.Value;

        Assert.Equal(
            [new VerdictChanged(CheckVerdict.Passing, CheckVerdict.Stale, "no result for 5 s")],
            Take(new CheckTimersDue()));
        Assert.Null(_state.NextDeadline);
        Assert.Empty(Finish(true));
        Assert.Equal(CheckVerdict.Stale, _state.Verdict);
        Assert.Equal([new VerdictChanged(CheckVerdict.Stale, CheckVerdict.Passing, "fine")], Run(true));
    }

    [Fact]
    public void A_check_that_never_ran_is_stale_too()
    {
        _now = Settings.StaleAfter;
        Take(new CheckTimersDue());
        Assert.Equal(CheckVerdict.Stale, _state.Verdict);
    }

    [Fact]
    public void A_result_from_before_a_long_suspend_is_stale_at_once()
    {
        Run(true);
        Run(true);
        _now = _state.NextRunAt!.Value;
        Take(new CheckTimersDue());
        _now += TimeSpan.FromHours(8);

        Assert.Equal(CheckVerdict.Stale, Assert.Single(Finish(true).OfType<VerdictChanged>()).To);
    }

    [Fact]
    public void A_result_that_waited_beside_the_expired_bound_counts_first()
    {
        Run(true);
        Run(true);
        _now = _state.NextRunAt!.Value;
        Take(new CheckTimersDue());
        _now = _state.StaleAt!.Value;

        Assert.Empty(Finish(true));
        Assert.Equal(CheckVerdict.Passing, _state.Verdict);
    }

    [Fact]
    public void Hard_evidence_fails_at_once_and_gives_up_the_run_under_way()
    {
        Run(true);
        Run(true);
        _now = _state.NextRunAt!.Value;
        Take(new CheckTimersDue());
        var given = _state.Run;

        Assert.Equal(
            [new VerdictChanged(CheckVerdict.Passing, CheckVerdict.Failing, "refused")],
            Take(new TargetFailed(1, "refused")));
        Assert.Equal(_now + Settings.FastInterval, _state.NextRunAt);
        Assert.Empty(Take(new ProbeFinished(given, new(CheckOutcome.Ok, TimeSpan.Zero, "fine"))));
        Assert.Equal((CheckVerdict.Failing, 0, 1L), (_state.Verdict, _state.Counter, _state.Epoch));
        Assert.Empty(Take(new TargetFailed(1, "again")));
        Assert.Equal("refused", _state.Reason);
    }

    [Fact]
    public void Hurrying_keeps_the_fast_interval_between_runs()
    {
        Run(true);
        Run(true);
        var started = _state.StartedAt!.Value;

        Assert.Empty(Take(new ProbeSooner()));
        Assert.Equal(started + Settings.FastInterval, _state.NextRunAt);
        _now = started + Settings.Interval / 2;
        _state = _state with { NextRunAt = started + Settings.Interval };
        Assert.Equal([new RunProbe(3)], Take(new ProbeSooner()));
        Assert.Empty(Take(new ProbeSooner()));
    }

    [Theory]
    [InlineData(0, 3, 200, 500, 5000, false)]
    [InlineData(2, 0, 200, 500, 5000, false)]
    [InlineData(2, 3, 1001, 500, 5000, false)]
    [InlineData(2, 3, 200, 0, 5000, false)]
    [InlineData(2, 3, 0, 500, 5000, false)]
    [InlineData(2, 3, 200, 500, 1500, false)]
    [InlineData(2, 3, 200, 500, 1501, true)]
    public void Settings_are_judged(int rise, int fall, int fast, int timeout, int stale, bool valid) =>
        Assert.Equal(valid, (Settings with
        {
            Rise = rise,
            Fall = fall,
            FastInterval = TimeSpan.FromMilliseconds(fast),
            Timeout = TimeSpan.FromMilliseconds(timeout),
            StaleAfter = TimeSpan.FromMilliseconds(stale),
        }).Validate() is null);

    [Fact]
    public void Whatever_happens_no_deadline_is_left_in_the_past()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var random = new Random(seed);
            _now = TimeSpan.Zero;
            _state = RiseFall.Initial(Settings, (ulong)seed, _now);
            for (var step = 0; step < 200; step++)
            {
                _now += TimeSpan.FromMilliseconds(random.Next(4) == 0 ? random.Next(3000) : random.Next(100));
                var actions = Take(random.Next(6) switch
                {
                    0 => new ProbeSooner(),
                    1 when random.Next(5) == 0 => new TargetFailed(step, "dead"),
                    2 or 3 => new ProbeFinished(_state.Run, Result(random.Next(2) == 0)),
                    _ => new CheckTimersDue(),
                });
                Assert.True(!(_state.NextDeadline <= _now), $"seed {seed} step {step}: {_state}");
                Assert.True(_state.IsRunning != _state.NextRunAt is not null, $"seed {seed} step {step}: {_state}");
                Assert.InRange(actions.Count, 0, 2);
            }
        }
    }

    private static CheckResult Result(bool ok) =>
        ok ? new(CheckOutcome.Ok, TimeSpan.Zero, "fine") : new(CheckOutcome.Failed, TimeSpan.Zero, "bad");

    private IReadOnlyList<CheckAction> Run(bool ok)
    {
        _now = _state.NextRunAt!.Value;
        Assert.Equal([new RunProbe(_state.Run + 1)], Take(new CheckTimersDue()).OfType<RunProbe>());
        return Finish(ok);
    }

    private IReadOnlyList<CheckAction> Finish(bool ok) => Take(new ProbeFinished(_state.Run, Result(ok)));

    private IReadOnlyList<CheckAction> Take(CheckInput input)
    {
        (_state, var actions) = RiseFall.Next(_state, input, _now);
        return actions;
    }
}

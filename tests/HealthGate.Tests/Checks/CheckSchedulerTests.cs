using System.Collections.Concurrent;
using System.Globalization;
using AnycastVip.HealthGate.Checks;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Checks;

public sealed class CheckSchedulerTests : IAsyncDisposable
{
    private const string Sentinel = "sentinel";

    private static readonly CheckSettings Settings = new() { Rise = 1, Fall = 1 };

    private readonly FakeClock _clock = new();
    private readonly ConcurrentQueue<CheckReport> _reports = new();
    private readonly CheckScheduler _scheduler;
    private TaskCompletionSource _seen = new();

    public CheckSchedulerTests() => _scheduler = new CheckScheduler(_clock, 4, Report);

    public async ValueTask DisposeAsync()
    {
        var isRunning = !_scheduler.Completion.IsCompleted;
        await _scheduler.DisposeAsync();
        Assert.True(isRunning, $"the loop ended before it was told to: {_scheduler.Completion.Exception}");
        Assert.True(_scheduler.Completion.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Two_hundred_checks_keep_their_places_in_the_interval()
    {
        var firsts = Enumerable.Range(0, 200)
            .Select(seed => RiseFall.Initial(Settings, (ulong)seed, _clock.Now).NextRunAt!.Value).ToArray();
        for (var i = 0; i < firsts.Length; i++)
            _scheduler.Add(new($"{i}", Settings, new Probe(_ => Ok()), (ulong)i));
        await LoopAsync();

        var step = TimeSpan.FromMilliseconds(97);
        for (var steps = 0; steps < 100; steps++)
        {
            _clock.Advance(step);
            await ReportAsync(firsts.Sum(first => RunsSince(first)));
        }

        Assert.All(_reports, report =>
        {
            var (due, started) = (report.State.DueAt, report.State.StartedAt!.Value);
            var first = firsts[int.Parse(report.Name, CultureInfo.InvariantCulture)];
            Assert.Equal(TimeSpan.Zero, TimeSpan.FromTicks((due - first).Ticks % Settings.Interval.Ticks));
            Assert.InRange(started, due, due + step);
        });
        Assert.InRange(_reports.Count, 200 * 9, 200 * 10);

        int RunsSince(TimeSpan first) => _clock.Now < first ? 0 : (int)((_clock.Now - first) / Settings.Interval) + 1;
    }

    [Fact]
    public async Task Checks_that_are_due_close_together_share_a_wake_up()
    {
        for (var i = 0; i < 200; i++)
            _scheduler.Add(new($"{i}", Settings, new Probe(_ => Ok()), (ulong)i));
        await LoopAsync();

        for (var millisecond = 0; millisecond < 1000; millisecond++)
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        var rings = _clock.Rings;
        _clock.Advance(TimeSpan.FromMilliseconds(10));

        await ReportAsync(200);
        Assert.InRange(rings, 50, 100);
    }

    [Fact]
    public async Task A_probe_that_throws_has_failed_and_runs_again()
    {
        Add(_ => throw new InvalidOperationException("outer", new IOException("disk on fire\nsecond line")));

        await FirstRunAsync();
        var state = await ReportAsync(1);
        Assert.Equal((CheckVerdict.Failing, "disk on fire"), (state.Verdict, state.Reason));
        Assert.Equal(CheckOutcome.Failed, state.Last!.Outcome);
        _clock.Advance(Settings.Interval);
        await ReportAsync(2);
    }

    [Fact]
    public async Task A_probe_that_cancels_itself_has_failed()
    {
        Add(_ => throw new OperationCanceledException("of my own accord"));
        await FirstRunAsync();
        Assert.Equal(CheckOutcome.Failed, (await ReportAsync(1)).Last!.Outcome);
    }

    [Fact]
    public async Task A_probe_that_hangs_times_out_and_runs_again()
    {
        var probe = Add(async timeout =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, timeout);
            return await Ok();
        });

        await FirstRunAsync();
        await RunsAsync(probe, 1);
        await PassUntilAsync(() => !_reports.IsEmpty);
        var state = await ReportAsync(1);
        Assert.Equal((CheckOutcome.TimedOut, "timed out after 500 ms"), (state.Last!.Outcome, state.Reason));
        Assert.InRange(state.Last.Latency, Settings.Timeout, Settings.Timeout * 2);
        await PassUntilAsync(() => probe.Runs == 2);
    }

    [Fact]
    public async Task A_probe_that_ignores_its_time_out_is_reported_and_keeps_its_turn()
    {
        var end = new TaskCompletionSource<ProbeOutcome>();
        try
        {
            var probes = Enumerable.Range(0, 4).Select(i => Add(_ => end.Task, $"hung {i}")).ToArray();
            await PassUntilAsync(() => _reports.DistinctBy(report => report.Name).Count() == 4);
            Assert.All(_reports, report => Assert.Equal(CheckOutcome.TimedOut, report.State.Last!.Outcome));

            var starved = Add(_ => Ok(), "starved");
            await PassUntilAsync(() => _reports.Any(report => report.Name == "starved"));
            Assert.Equal(CheckVerdict.Stale, _reports.First(report => report.Name == "starved").State.Verdict);
            Assert.Equal((0, 4), (starved.Runs, probes.Sum(probe => probe.Runs)));

            end.SetResult(new(true, "at last"));
            await PassUntilAsync(() => starved.Runs > 0);
        }
        finally
        {
            end.TrySetResult(new(true, "at last"));
        }
    }

    [Fact]
    public async Task A_run_that_waited_for_its_turn_times_out_too()
    {
        var end = new TaskCompletionSource<ProbeOutcome>();
        try
        {
            for (var i = 0; i < 4; i++)
                Add(_ => end.Task, $"first {i}");
            await PassUntilAsync(() => _reports.DistinctBy(report => report.Name).Count() == 4);
            var waiting = Add(async timeout =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _clock, timeout);
                return await Ok();
            }, "waiting");
            await PassUntilAsync(() => _reports.Any(report => report.Name == "waiting"));

            end.SetResult(new(true, "at last"));
            await RunsAsync(waiting, 1);
            await PassUntilAsync(() => _reports.Any(
                report => report.Name == "waiting" && report.State.Last?.Outcome == CheckOutcome.TimedOut));
        }
        finally
        {
            end.TrySetResult(new(true, "at last"));
        }
    }

    [Fact]
    public async Task A_check_that_is_removed_ends_its_run_and_reports_no_more()
    {
        var ended = new TaskCompletionSource();
        var probe = Add(async timeout =>
        {
            using var _ = timeout.Register(ended.SetResult);
            await Task.Delay(Timeout.InfiniteTimeSpan, _clock, timeout);
            return await Ok();
        });
        await FirstRunAsync();
        await RunsAsync(probe, 1);

        _scheduler.Remove("check");
        await ended.Task;
        for (var second = 0; second < 20; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await LoopAsync();
        }
        Assert.Empty(_reports);
        Assert.Equal(1, probe.Runs);
    }

    [Fact]
    public async Task Hard_evidence_is_reported_at_once_with_its_epoch()
    {
        Add(_ => Ok());
        await FirstRunAsync();
        Assert.Equal(CheckVerdict.Passing, (await ReportAsync(1)).Verdict);

        _scheduler.Tell("check", new TargetFailed(1, "refused"));
        var state = await ReportAsync(2);

        Assert.Equal((CheckVerdict.Failing, 1L, "refused"), (state.Verdict, state.Epoch, state.Reason));
        _clock.Advance(Settings.FastInterval);
        Assert.Equal((CheckVerdict.Passing, 1L), ((await ReportAsync(3)).Verdict, _reports.Last().State.Epoch));
    }

    private static Task<ProbeOutcome> Ok() => Task.FromResult(new ProbeOutcome(true, "fine"));

    private Probe Add(Func<CancellationToken, Task<ProbeOutcome>> ask, string name = "check")
    {
        var probe = new Probe(ask);
        _scheduler.Add(new(name, Settings, probe, 1));
        return probe;
    }

    // The loop knows the check before time passes.
    private async Task FirstRunAsync()
    {
        await LoopAsync();
        _clock.Advance(Settings.Interval);
    }

    private static async Task RunsAsync(Probe probe, int runs) =>
        await Poll.Until(() => probe.Runs, count => count >= runs, CheckRun.Patience, $"the probe ran {runs} times");

    private async Task<RiseFallState> ReportAsync(int count)
    {
        await Poll.Until(() => _reports.Count, found => found >= count, CheckRun.Patience, $"{count} reports");
        return _reports.ElementAt(count - 1).State;
    }

    private async Task PassUntilAsync(Func<bool> condition) => await Poll.Until(
        () =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            return condition();
        },
        isMet => isMet, CheckRun.Patience, "the checks did as expected");

    // Returns when the loop has taken everything that was posted before: a message of ours, behind it, came through.
    private async Task LoopAsync()
    {
        _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _scheduler.Add(new(Sentinel, Settings with { Interval = TimeSpan.FromHours(9) }, new Probe(_ => Ok()), 1));
        _scheduler.Tell(Sentinel, new TargetFailed(1, "seen"));
        _scheduler.Remove(Sentinel);
        await _seen.Task.WaitAsync(CheckRun.Patience, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    private void Report(CheckReport report)
    {
        if (report.Name == Sentinel)
            _seen.SetResult();
        else
            _reports.Enqueue(report);
    }

    private sealed class Probe(Func<CancellationToken, Task<ProbeOutcome>> ask) : IProbe
    {
        private int _runs;

        public int Runs => Volatile.Read(ref _runs);

        public Task<ProbeOutcome> ProbeAsync(CancellationToken timeout)
        {
            Interlocked.Increment(ref _runs);
            return ask(timeout);
        }
    }
}

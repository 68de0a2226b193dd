using System.Threading.Channels;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Checks;

/// <summary>How a check stands after a result or a change of its verdict.</summary>
/// <param name="Name">The check's.</param>
/// <param name="State">Its verdict, reason, counts and epoch.</param>
public sealed record CheckReport(string Name, RiseFallState State);

/// <summary>
/// The shell of all checks: one loop that owns their <see cref="RiseFallState"/>s, and a bounded number of runs at
/// once.
/// </summary>
/// <remarks>
/// A run that throws has failed, one that hangs has timed out, and without results a check becomes stale: none of them
/// ends its schedule. A run waits for its turn when too many are under way; the stale bound covers that wait too.
/// </remarks>
public sealed class CheckScheduler : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _clock;
    private readonly Action<CheckReport> _report;
    private readonly int _runsMax;
    private readonly SemaphoreSlim _turns;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<Action> _inbox = Channel.CreateUnbounded<Action>(new() { SingleReader = true });
    private readonly Dictionary<string, Entry> _entries = [];
    // A check is in it once for each deadline that it ever set and that has not passed; those overtaken mean nothing.
    private readonly PriorityQueue<Entry, TimeSpan> _deadlines = new();

    /// <summary>Starts the loop.</summary>
    /// <param name="clock">
    /// All time of the checks; one that counts a suspend makes what was known before it stale.
    /// </param>
    /// <param name="runsMax">Runs at once, from 1.</param>
    /// <param name="report">Called from the loop, one report at a time; it must neither block nor throw.</param>
    public CheckScheduler(TimeProvider clock, int runsMax, Action<CheckReport> report)
    {
        (_clock, _runsMax, _report) = (clock, runsMax, report);
        _turns = new SemaphoreSlim(runsMax);
        _timer = clock.CreateTimer(
            _ => _inbox.Writer.TryWrite(static () => { }), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Completion = Task.Run(LoopAsync);
    }

    /// <summary>The loop. It ends with <see cref="DisposeAsync"/>; if it fails before, that is a bug.</summary>
    public Task Completion { get; }

    private TimeSpan Now => _clock.GetElapsedTime(0, _clock.GetTimestamp());

    /// <summary>Starts a check; one of the same name is replaced, and known no longer.</summary>
    public void Add(CheckTarget target) => _inbox.Writer.TryWrite(() =>
    {
        Forget(target.Name);
        var entry = new Entry(target, RiseFall.Initial(target.Settings, target.Seed, Now));
        _entries.Add(target.Name, entry);
        Enqueue(entry);
    });

    /// <summary>Ends a check, and its run with it. Unknown names change nothing.</summary>
    public void Remove(string name) => _inbox.Writer.TryWrite(() => Forget(name));

    /// <summary>
    /// Passes on <see cref="TargetFailed"/> or <see cref="ProbeSooner"/>. Unknown names change nothing.
    /// </summary>
    public void Tell(string name, CheckInput input) => _inbox.Writer.TryWrite(() =>
    {
        if (_entries.TryGetValue(name, out var entry))
            Take(entry, input);
    });

    /// <summary>Stops the loop and all runs, and waits a bounded time for their ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _inbox.Writer.TryComplete();
        await _timer.DisposeAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Who has all turns knows that every run is over.
        var ends = Task.WhenAll(Enumerable.Range(0, _runsMax).Select(_ => _turns.WaitAsync()));
        await ends.WaitAsync(StopTimeout, _clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LoopAsync()
    {
        await foreach (var happened in _inbox.Reader.ReadAllAsync())
        {
            if (_stop.IsCancellationRequested)
                return;
            happened();
            TakeDue();
            if (_deadlines.TryPeek(out _, out var next))
                _timer.Change(Wait(next), Timeout.InfiniteTimeSpan);
        }
    }

    // Timers count whole milliseconds: rounded down they would ring before the deadline, again and again.
    private TimeSpan Wait(TimeSpan deadline) =>
        TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling((deadline - Now).TotalMilliseconds)));

    private void TakeDue()
    {
        var now = Now;
        while (_deadlines.TryPeek(out var entry, out var deadline) && deadline <= now)
        {
            _deadlines.Dequeue();
            if (!entry.IsForgotten && entry.State.NextDeadline <= now)
                Take(entry, new CheckTimersDue());
        }
    }

    private void Take(Entry entry, CheckInput input)
    {
        (entry.State, var actions) = RiseFall.Next(entry.State, input, Now);
        foreach (var action in actions.OfType<RunProbe>())
        {
            entry.GiveUpRun();
            entry.GiveUp = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            _ = RunAsync(entry, action.Run, entry.GiveUp.Token);
        }
        if (input is ProbeFinished || actions.Any(action => action is VerdictChanged))
            _report(new(entry.Target.Name, entry.State));
        Enqueue(entry);
    }

    private void Enqueue(Entry entry)
    {
        if (entry.State.NextDeadline is { } deadline)
            _deadlines.Enqueue(entry, deadline);
    }

    private void Forget(string name)
    {
        if (!_entries.Remove(name, out var entry))
            return;
        entry.IsForgotten = true;
        entry.GiveUpRun();
    }

    private async Task RunAsync(Entry entry, long run, CancellationToken given)
    {
        try
        {
            await _turns.WaitAsync(given);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        try
        {
            using var timeout = new CancellationTokenSource(entry.Target.Settings.Timeout, _clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(given, timeout.Token);
            var start = _clock.GetTimestamp();
            var probing = BeginAsync(entry.Target.Probe, either.Token);
            var (outcome, text, code) = await JudgeAsync(probing, entry.Target.Settings, either.Token, timeout.Token);
            var result = new CheckResult(outcome, _clock.GetElapsedTime(start), text, code);
            _inbox.Writer.TryWrite(() => Finish(entry, run, result));
            // A run that does not heed its time-out keeps its turn, so that such runs cannot pile up.
            await ((Task)probing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            _turns.Release();
        }
    }

    // An exception from before the probe's first wait is a failed run like any other.
    private static async Task<ProbeOutcome> BeginAsync(IProbe probe, CancellationToken timeout) =>
        await probe.ProbeAsync(timeout);

    private void Finish(Entry entry, long run, CheckResult result)
    {
        if (entry.IsForgotten)
            return;
        if (run == entry.State.Run)
            entry.GiveUpRun();
        Take(entry, new ProbeFinished(run, result));
    }

    private static async Task<(CheckOutcome Outcome, string Reason, int? ExitCode)> JudgeAsync(
        Task<ProbeOutcome> probing, CheckSettings settings, CancellationToken either, CancellationToken timeout)
    {
        try
        {
            var found = await probing.WaitAsync(either);
            return (found.IsOk ? CheckOutcome.Ok : CheckOutcome.Failed, found.Reason, found.ExitCode);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return (CheckOutcome.TimedOut, $"timed out after {settings.Timeout.TotalMilliseconds:0} ms", null);
        }
        catch (Exception error)
        {
            return (CheckOutcome.Failed, OneLine.Of(error.GetBaseException().Message), null);
        }
    }

    private sealed class Entry(CheckTarget target, RiseFallState state)
    {
        public CheckTarget Target { get; } = target;

        public RiseFallState State { get; set; } = state;

        public bool IsForgotten { get; set; }

        // Of the run under way.
        public CancellationTokenSource? GiveUp { get; set; }

        // Also when the run is over: a source that is linked must be disposed of.
        public void GiveUpRun()
        {
            GiveUp?.Cancel();
            GiveUp?.Dispose();
            GiveUp = null;
        }
    }
}

using System.Threading.Channels;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Checks;

/// <summary>How a check stands after a result or a change of its verdict.</summary>
/// <param name="Name">The check's.</param>
/// <param name="State">Its verdict, reason, counts and epoch.</param>
public sealed record CheckReport(string Name, RiseFallState State);

/// <summary>
/// The shell of all checks: one loop that owns their <see cref="RiseFallState"/>s, their time-outs and a bounded number
/// of runs at once.
/// </summary>
/// <remarks>
/// A run that throws has failed, one that hangs has timed out, and without results a check becomes stale: none of them
/// ends its schedule. A run waits for its turn when too many are under way; the stale bound covers that wait too.
/// </remarks>
public sealed class CheckScheduler : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);
    // Between two wake-ups: what many checks cost is mostly the waking, and no check needs to start more exactly.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);

    private readonly TimeProvider _clock;
    private readonly Action<CheckReport> _report;
    private readonly int _runsMax;
    private readonly ITimer _timer;
    // Whoever posts runs the loop if nobody does: a hop to another thread would cost more than most checks.
    private readonly Channel<Action> _inbox = Channel.CreateUnbounded<Action>(
        new() { SingleReader = true, AllowSynchronousContinuations = true });
    private readonly Dictionary<string, Entry> _entries = [];
    // Each check is in it once at most: an overtaken deadline would wake the process for nothing.
    private readonly PriorityQueue<Entry, TimeSpan> _deadlines = new();
    private readonly Queue<Run> _waiting = new();
    private int _runs;
    private TimeSpan? _wakeAt;
    private TimeSpan _restsUntil;
    private bool _isStopping;

    /// <summary>Starts the loop.</summary>
    /// <param name="clock">
    /// All time of the checks; one that counts a suspend makes what was known before it stale.
    /// </param>
    /// <param name="runsMax">Runs at once, from 1.</param>
    /// <param name="report">
    /// Called from the loop, one report at a time; it must neither block nor throw. The loop may run on the thread that
    /// calls <see cref="Add"/>, <see cref="Remove"/> or <see cref="Tell"/>.
    /// </param>
    public CheckScheduler(TimeProvider clock, int runsMax, Action<CheckReport> report)
    {
        (_clock, _runsMax, _report) = (clock, runsMax, report);
        _timer = clock.CreateTimer(
            _ => _inbox.Writer.TryWrite(Wake), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
        _inbox.Writer.TryWrite(Stop);
        await Completion.WaitAsync(StopTimeout, _clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // The loop waited for runs; if one does not end, it waits no longer.
        _inbox.Writer.TryComplete();
        await _timer.DisposeAsync();
    }

    private async Task LoopAsync()
    {
        await foreach (var happened in _inbox.Reader.ReadAllAsync())
        {
            happened();
            if (!_isStopping)
            {
                TakeDue();
                // What else has happened may move the deadline: a run over loopback has ended before it is awaited.
                if (!_inbox.Reader.TryPeek(out _))
                    SetTimer();
            }
            else if (_runs == 0)
            {
                return;
            }
        }
    }

    private void Stop()
    {
        _isStopping = true;
        foreach (var name in _entries.Keys.ToArray())
            Forget(name);
    }

    private void Wake()
    {
        _wakeAt = null;
        _restsUntil = Now + Rest;
    }

    private void TakeDue()
    {
        var now = Now;
        while (_deadlines.TryPeek(out var entry, out var deadline) && deadline <= now)
        {
            _deadlines.Dequeue();
            if (entry.Run is { } run && run.TimeoutAt <= now)
                TimeOut(run);
            else
                Take(entry, new CheckTimersDue());
        }
    }

    private void SetTimer()
    {
        if (!_deadlines.TryPeek(out _, out var deadline))
            return;
        deadline = deadline > _restsUntil ? deadline : _restsUntil;
        if (deadline == _wakeAt)
            return;
        _wakeAt = deadline;
        // Timers count whole milliseconds: rounded down they would ring before the deadline, again and again.
        var wait = Math.Max(0, Math.Ceiling((deadline - Now).TotalMilliseconds));
        _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
    }

    private void Enqueue(Entry entry)
    {
        _deadlines.Remove(entry, out _, out _);
        if (Deadline.Earliest(entry.State.NextDeadline, entry.Run?.TimeoutAt) is { } deadline)
            _deadlines.Enqueue(entry, deadline);
    }

    private void Take(Entry entry, CheckInput input)
    {
        (entry.State, var actions) = RiseFall.Next(entry.State, input, Now);
        foreach (var action in actions.OfType<RunProbe>())
            Start(entry, action.Run);
        if (input is ProbeFinished || actions.Any(action => action is VerdictChanged))
            _report(new(entry.Target.Name, entry.State));
        Enqueue(entry);
    }

    private void Forget(string name)
    {
        if (!_entries.Remove(name, out var entry))
            return;
        _deadlines.Remove(entry, out _, out _);
        GiveUp(entry);
    }

    private void Start(Entry entry, long number)
    {
        GiveUp(entry);
        entry.Run = new Run(entry, number);
        _waiting.Enqueue(entry.Run);
        StartWaiting();
    }

    private void StartWaiting()
    {
        while (_runs < _runsMax && _waiting.TryDequeue(out var run))
        {
            if (run.Entry.Run != run)
                continue;
            _runs++;
            run.TimeoutAt = Now + run.Entry.Target.Settings.Timeout;
            Enqueue(run.Entry);
            _ = RunAsync(run);
        }
    }

    private async Task RunAsync(Run run)
    {
        var start = _clock.GetTimestamp();
        CheckResult result;
        try
        {
            var found = await run.Entry.Target.Probe.ProbeAsync(run.GiveUp.Token);
            var outcome = found.IsOk ? CheckOutcome.Ok : CheckOutcome.Failed;
            result = new(outcome, _clock.GetElapsedTime(start), found.Reason, found.ExitCode);
        }
        catch (Exception error)
        {
            var reason = OneLine.Of(error.GetBaseException().Message);
            result = new(CheckOutcome.Failed, _clock.GetElapsedTime(start), reason);
        }
        _inbox.Writer.TryWrite(() =>
        {
            // Not before: a run that does not heed its time-out keeps its turn, so that such runs cannot pile up.
            _runs--;
            Finish(run, result);
            StartWaiting();
        });
    }

    private void TimeOut(Run run)
    {
        var timeout = run.Entry.Target.Settings.Timeout;
        var latency = Now - run.TimeoutAt!.Value + timeout;
        var reason = $"timed out after {timeout.TotalMilliseconds:0} ms";
        Cancel(run);
        Finish(run, new(CheckOutcome.TimedOut, latency, reason));
    }

    private void Finish(Run run, CheckResult result)
    {
        if (run.Entry.Run != run)
            return;
        run.Entry.Run = null;
        Take(run.Entry, new ProbeFinished(run.Number, result));
    }

    private static void GiveUp(Entry entry)
    {
        if (entry.Run is not { } run)
            return;
        entry.Run = null;
        Cancel(run);
    }

    // Elsewhere: what a probe does then must not hold up the loop.
    private static void Cancel(Run run) => _ = run.GiveUp.CancelAsync();

    private sealed class Entry(CheckTarget target, RiseFallState state)
    {
        public CheckTarget Target { get; } = target;

        public RiseFallState State { get; set; } = state;

        // The one whose result is awaited.
        public Run? Run { get; set; }
    }

    private sealed class Run(Entry entry, long number)
    {
        public Entry Entry { get; } = entry;

        public long Number { get; } = number;

        // Has neither timer nor parents, so that nothing is left to dispose of.
        public CancellationTokenSource GiveUp { get; } = new();

        // Null: it waits for its turn.
        public TimeSpan? TimeoutAt { get; set; }
    }
}

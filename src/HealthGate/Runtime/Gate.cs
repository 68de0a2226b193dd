using System.Diagnostics;
using System.Threading.Channels;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Checks;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Links;
using Microsoft.Extensions.Logging;

namespace AnycastVip.HealthGate.Runtime;

/// <summary>
/// The shell of the gate: one loop owns the engine, brings it what happens and does what it wants done. Safe for
/// concurrent use.
/// </summary>
public sealed partial class Gate : IAsyncDisposable
{
    private static readonly TimeSpan SaveAgainInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan VerifyTimeout = TimeSpan.FromMilliseconds(500);

    private readonly ILogger _log;
    private readonly TimeProvider _clock;
    private readonly DrainStore _drains;
    private readonly CheckRunner _checks;
    private readonly AddressRunner _addresses;
    private readonly ProxyLink _proxy;
    private readonly SpeakerLink _speaker;
    private readonly ChangeSignal _changes = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    // Synchronously: what the proxy saw is judged by the thread that read it, without waiting for another one to wake.
    private readonly Channel<Action> _inbox = Channel.CreateUnbounded<Action>(
        new() { SingleReader = true, AllowSynchronousContinuations = true });
    private readonly ITimer _timer;
    private readonly Task _loop;

    // Guards the engine, between its loop and those who ask for a view, and the last view.
    private readonly Lock _looking = new();
    private readonly GateEngine _engine;
    private GateView? _view;
    private ulong _viewVersion;

    // Of the loop: what the timer is set to.
    private TimeSpan? _deadline;

    private Gate(
        GateOptions options,
        GateRuntimeOptions runtime,
        AddressKeeper keeper,
        DrainStore drains,
        ILoggerFactory loggers)
    {
        _log = loggers.CreateLogger("gate");
        (_clock, _drains) = (runtime.Clock, drains);
        Epoch = (ulong)(_clock.Now().Ticks * TimeSpan.NanosecondsPerTick);
        var isReady = new TaskCompletionSource();
        _loop = LoopAsync(isReady.Task);
        // Connecting takes longest; what the links say waits for the rest.
        _proxy = new ProxyLink(Link(runtime.ProxySocket), Epoch);
        _speaker = new SpeakerLink(Link(runtime.SpeakerSocket), Epoch, LeaseOf(options));
        _proxy.Start();
        _speaker.Start();
        Events = EventLog.Open(runtime.StateDirectory, loggers.CreateLogger("gate"));
        _engine = new GateEngine(options, Epoch, Events.LastId, drains.Current, _clock.Now());
        _checks = new CheckRunner(_clock, runtime.ChecksAtOnce, Epoch, report => Post(() => Take(report)));
        _addresses = new AddressRunner(keeper, Happened);
        _timer = _clock.CreateTimer(
            _ => Post(TakeTimer), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Post(TakeTimer);
        if (drains.PersistError is not null)
            Post(TakeDrains);
        isReady.SetResult();
        Completion = SuperviseAsync();
    }

    /// <summary>What happened.</summary>
    public EventLog Events { get; }

    /// <summary>
    /// The gate's work. It ends after <see cref="StopAsync"/> and <see cref="LeaveAsync"/>. If it fails, that is a bug:
    /// the process must end, so that the lease ends what nobody judges any more, or a new gate takes over.
    /// </summary>
    public Task Completion { get; }

    /// <summary>Of this gate's lease and table: the time since boot at its start, in nanoseconds.</summary>
    public ulong Epoch { get; }

    /// <summary>Grows with every change of <see cref="View"/>.</summary>
    public ulong Version => _changes.Version;

    /// <summary>Reads the state directory, and begins to work.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="runtime">Where the gate runs.</param>
    /// <param name="loggers">For its log: each event is a line of it.</param>
    /// <exception cref="StateDirectoryException">The state directory cannot be used.</exception>
    /// <exception cref="PlatformNotSupportedException">The kernel is too old for VIP addresses.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The system refuses netlink sockets.</exception>
    public static Task<Gate> StartAsync(GateOptions options, GateRuntimeOptions runtime, ILoggerFactory loggers) =>
        StartAsync(options, runtime, AddressKeeper.Open(runtime.InterfaceName), loggers);

    internal static async Task<Gate> StartAsync(
        GateOptions options, GateRuntimeOptions runtime, AddressKeeper keeper, ILoggerFactory loggers)
    {
        try
        {
            var drains = await DrainStore.OpenAsync(runtime.StateDirectory, runtime.Clock);
            var gate = new Gate(options, runtime, keeper, drains, loggers);
            if (drains.Damage is { } damage)
                gate.LogDamage(damage);
            return gate;
        }
        catch
        {
            await keeper.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends as soon as <see cref="Version"/> is another than this one.</summary>
    public Task ChangedAfter(ulong version) => _changes.After(version);

    /// <summary>All that the gate knows now. Made anew only after a change.</summary>
    public GateView View()
    {
        lock (_looking)
        {
            if (_view is null || _viewVersion != Version)
                (_view, _viewVersion) = (_engine.View(_clock.Now()), Version);
            return Events.WriteError is { } alarm ? _view with { Alarms = [.. _view.Alarms, alarm] } : _view;
        }
    }

    /// <summary>Why a VIP is announced or not, in causal order; null: there is no such VIP.</summary>
    public IReadOnlyList<ExplainFinding>? Explain(string vip)
    {
        lock (_looking)
            return _engine.Explain(vip, _clock.Now());
    }

    /// <summary>Takes something out of service: at once, and then it is saved.</summary>
    /// <returns>Null, or why it could not be saved: it stays in force, and is saved as soon as that can be done.
    /// </returns>
    /// <exception cref="InvalidOperationException">The gate has ended.</exception>
    public Task<string?> DrainAsync(DrainOrder order) => ChangeDrainsAsync(() => _drains.DrainAsync(order));

    /// <summary>Takes the order for exactly that target back: at once, and then that is saved.</summary>
    /// <param name="target">What serves again.</param>
    /// <param name="orderedBy">Who says so, for the event log.</param>
    /// <returns>Null, or why it could not be saved: it stays out of force, and is saved as soon as that can be done.
    /// </returns>
    /// <exception cref="InvalidOperationException">The gate has ended.</exception>
    public Task<string?> UndrainAsync(DrainTarget target, string orderedBy) =>
        ChangeDrainsAsync(() => _drains.UndrainAsync(target), orderedBy);

    /// <summary>Puts another configuration in force, one that is in order.</summary>
    /// <exception cref="InvalidOperationException">The gate has ended.</exception>
    public Task ReconfigureAsync(GateOptions options) => RunAsync(() =>
    {
        Take(new Reconfigured(options));
        _speaker.Lease = LeaseOf(options);
    });

    /// <summary>Drains every VIP, within <see cref="GateOptions.StopTimeout"/>, and ends.</summary>
    public Task StopAsync()
    {
        Happened(new StopRequested());
        return Completion;
    }

    /// <summary>Ends at once: the lease holds what is announced, for the next gate.</summary>
    public Task LeaveAsync()
    {
        _end.TrySetResult();
        return Completion;
    }

    /// <summary>The same, and never throws.</summary>
    public async ValueTask DisposeAsync() => await LeaveAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static Lease LeaseOf(GateOptions options) => new(options.LeaseTtl, options.LeaseHeartbeat);

    private LinkOptions Link(string socket) => new(socket, _clock, Happened, () => RunAsync(static () => { }));

    private void Post(Action work) => _inbox.Writer.TryWrite(work);

    private void Happened(GateInput input) => Post(() => Take(input));

    private async Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            work();
            done.SetResult();
        });
        if (await Task.WhenAny(done.Task, _loop) != done.Task)
            throw new InvalidOperationException("the gate has ended");
    }

    private async Task LoopAsync(Task isReady)
    {
        await isReady;
        await foreach (var work in _inbox.Reader.ReadAllAsync())
            work();
    }

    private void TakeTimer()
    {
        _deadline = null;
        Take(new GateTimersDue());
    }

    private void TakeDrains() => TakeDrains("");

    private void TakeDrains(string takenBackBy) =>
        Take(new DrainsChanged(_drains.Current, _drains.PersistError, takenBackBy));

    private void Take(CheckReport report)
    {
        if (_checks.Read(report) is { } changed)
            Take(changed);
    }

    private void Take(GateInput input)
    {
        IReadOnlyList<GateAction> actions;
        lock (_looking)
            actions = _engine.Take(input, _clock.Now());
        foreach (var action in actions)
            Execute(action);
        SetTimer();
        _changes.Pulse();
        if (_engine.IsStopped)
            _end.TrySetResult();
    }

    private void SetTimer()
    {
        if (_engine.NextDeadline == _deadline)
            return;
        _deadline = _engine.NextDeadline;
        // Timers count whole milliseconds: rounded down they would ring before the deadline, again and again.
        _timer.Change(
            _deadline is { } at
                ? TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling((at - _clock.Now()).TotalMilliseconds)))
                : Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    private void Execute(GateAction action)
    {
        switch (action)
        {
            case StartCheck order:
                _checks.Start(order);
                break;
            case StopCheck order:
                _checks.Stop(order.Id);
                break;
            case TellCheck order:
                _checks.Tell(order.Id, order.Input);
                break;
            case VerifyBackend order:
                _ = VerifyAsync(order);
                break;
            case EnsureAddresses order:
                _addresses.Ensure(order);
                break;
            case SendTable order:
                _proxy.Send(order);
                break;
            case CountVipConnections order:
                _proxy.Send(order);
                break;
            case CloseVipConnections order:
                _proxy.Send(order);
                break;
            case Declare order:
                _speaker.Send(order);
                break;
            case Record record:
                Keep(record.Event);
                break;
            default:
                throw new UnreachableException($"the shell does not know {action.GetType().Name}");
        }
    }

    private async Task VerifyAsync(VerifyBackend order)
    {
        var found = await BackendVerifier.VerifyAsync(order.Endpoint, VerifyTimeout, _clock);
        Happened(new BackendVerified(
            order.Pool, order.Backend, order.Generation, found == Verification.Refused));
    }

    private void Keep(GateEvent happened)
    {
        var at = _clock.GetUtcNow() + (happened.At - _clock.Now());
        Events.Append(new(
            happened.Id, at, happened.Severity, happened.Kind, happened.Subject, happened.Text, happened.CauseId));
        var level = happened.Severity switch
        {
            Severity.Info => LogLevel.Information,
            Severity.Warning => LogLevel.Warning,
            _ => LogLevel.Error,
        };
        LogEvent(level, happened.Subject, happened.Text);
    }

    private async Task<string?> ChangeDrainsAsync(Func<Task<string?>> change, string takenBackBy = "")
    {
        var saving = Task.FromResult<string?>(null);
        await RunAsync(() =>
        {
            saving = change();
            TakeDrains(takenBackBy);
        });
        var error = await saving;
        Post(TakeDrains);
        return error;
    }

    private async Task SaveAgainAsync()
    {
        while (true)
        {
            await Task.Delay(SaveAgainInterval, _clock, _closing.Token);
            if (_drains.PersistError is not null && await _drains.SaveAsync() is null)
                Post(TakeDrains);
        }
    }

    private async Task SuperviseAsync()
    {
        var saving = SaveAgainAsync();
        try
        {
            var first = await Task.WhenAny(
                _end.Task, _loop, saving, _checks.Completion, _addresses.Completion, Events.Completion,
                _proxy.Completion, _speaker.Completion);
            await first;
            if (first != _end.Task)
                throw new UnreachableException("a part of the gate ended by itself");
        }
        catch (Exception e)
        {
            LogBug(e);
            throw;
        }
        finally
        {
            await CloseAsync();
            await saving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _drains.Dispose();
        }
    }

    private async Task CloseAsync()
    {
        await _closing.CancelAsync();
        await EndAsync(_timer, _checks, _speaker, _proxy, _addresses);
        _inbox.Writer.TryComplete();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await EndAsync(Events);
    }

    // One that has failed fails here again: the others are ended all the same.
    private static async Task EndAsync(params IAsyncDisposable[] parts)
    {
        foreach (var part in parts)
            await part.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [LoggerMessage(Message = "{Subject}: {Text}")]
    private partial void LogEvent(LogLevel level, string subject, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Damage}")]
    private partial void LogDamage(string damage);

    [LoggerMessage(Level = LogLevel.Critical, Message = "a bug ends the gate; the lease holds what is announced")]
    private partial void LogBug(Exception error);
}

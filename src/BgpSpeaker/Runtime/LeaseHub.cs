using System.Diagnostics.CodeAnalysis;
using AnycastVip.BgpSpeaker.Rib;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>
/// The lease table with a clock and a lock around it: many streams call, each change goes out to the peers in order.
/// </summary>
public sealed class LeaseHub : IDisposable
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LeaseTable _table;
    private readonly TimeProvider _clock;
    private readonly Action<RouteSet> _onRoutes;
    private readonly ChangeSignal _changed;
    private readonly ITimer _timer;
    private readonly Dictionary<LeaseStream, TaskCompletionSource<LeaseError>> _streams = [];
    private RouteSet _routes;

    internal LeaseHub(SpeakerOptions options, TimeProvider clock, Action<RouteSet> onRoutes, ChangeSignal changed)
    {
        _table = new LeaseTable(
            new AllowList(options.AllowedPrefixes), options.LeaseTtl, options.LeaseHeartbeat);
        _clock = clock;
        _onRoutes = onRoutes;
        _changed = changed;
        _routes = _table.Current;
        _timer = clock.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What is to be announced now.</summary>
    public RouteSet Routes => Volatile.Read(ref _routes);

    /// <summary>The emergency withdraw in force, or null.</summary>
    public Emergency? Emergency => Locked(_ => _table.Emergency);

    /// <summary>Applies another allow-list and other defaults: <see cref="LeaseTable.Reconfigure"/>.</summary>
    internal void Reconfigure(SpeakerOptions options) => Locked(
        now =>
        {
            _table.Reconfigure(new AllowList(options.AllowedPrefixes), options.LeaseTtl, options.LeaseHeartbeat, now);
            return true;
        },
        changesViews: true);

    /// <summary>Waits for the clients of before a restart: <see cref="LeaseTable.Await"/>.</summary>
    internal void Await(IEnumerable<string> clients, TimeSpan until) => Locked(
        _ =>
        {
            _table.Await(clients, until);
            return true;
        });

    /// <summary>Hands out what is to be announced once more: for peers that came since the last change.</summary>
    internal void Republish()
    {
        lock (_gate)
            _onRoutes(_table.Current);
    }

    /// <summary>Opens a lease; <paramref name="ended"/> completes when the table ends the stream by itself.</summary>
    internal bool TryOpen(
        ClientHello hello, [NotNullWhen(true)] out LeaseGrant? grant, [NotNullWhen(true)] out Task<LeaseError>? ended,
        [NotNullWhen(false)] out LeaseError? error)
    {
        lock (_gate)
        {
            var opened = _table.TryOpen(hello, _clock.Now(), out grant, out error);
            ended = null;
            if (opened)
            {
                var end = new TaskCompletionSource<LeaseError>(TaskCreationOptions.RunContinuationsAsynchronously);
                _streams[grant!.Stream] = end;
                ended = end.Task;
            }
            FollowUp(changesViews: opened);
            return opened;
        }
    }

    /// <summary>Takes a client's whole set.</summary>
    internal bool TryDeclare(
        LeaseStream stream, DesiredSet set, [NotNullWhen(true)] out DesiredSetOutcome? outcome,
        [NotNullWhen(false)] out LeaseError? error)
    {
        lock (_gate)
        {
            var taken = _table.TryDeclare(stream, set, _clock.Now(), out outcome, out error);
            FollowUp(changesViews: taken);
            return taken;
        }
    }

    /// <summary>The client is alive; null, or why the request is refused.</summary>
    internal LeaseError? Heartbeat(LeaseStream stream) => Locked(now => _table.Heartbeat(stream, now));

    /// <summary>The stream has ended: the lease clock starts.</summary>
    internal void LoseStream(LeaseStream stream)
    {
        lock (_gate)
        {
            _streams.Remove(stream);
            _table.LoseStream(stream, _clock.Now());
            FollowUp(changesViews: true);
        }
    }

    /// <summary>Withdraws everything until lifted.</summary>
    /// <returns>The version of the routes that says so.</returns>
    /// <exception cref="ArgumentException">The reason is blank or too long: nothing is withdrawn.</exception>
    internal long WithdrawEverything(string reason) => Locked(
        now => _table.EmergencyWithdraw(reason, now) is { } error
            ? throw new ArgumentException(error.Text, nameof(reason))
            : _table.Current.Version,
        changesViews: true);

    /// <summary>Lifts an emergency withdraw; false when none was in force.</summary>
    internal bool LiftEmergency() => Locked(_table.LiftEmergencyWithdraw, changesViews: true);

    /// <summary>Every declared route as views show it.</summary>
    public IReadOnlyList<RouteView> ListRoutes() => Locked(_table.ListRoutes);

    /// <summary>Every lease as views show it.</summary>
    public IReadOnlyList<LeaseView> ListLeases() => Locked(_table.ListLeases);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private T Locked<T>(Func<TimeSpan, T> action, bool changesViews = false)
    {
        lock (_gate)
        {
            var result = action(_clock.Now());
            FollowUp(changesViews);
            return result;
        }
    }

    private void Tick() => Locked(now =>
    {
        _table.Advance(now);
        return true;
    });

    // Under the lock, so that peers see the sets in the order of their versions.
    private void FollowUp(bool changesViews)
    {
        foreach (var (stream, error) in _table.TakeEndedStreams())
        {
            if (_streams.Remove(stream, out var end))
                end.SetResult(error);
        }
        if (!ReferenceEquals(_table.Current, _routes))
        {
            Volatile.Write(ref _routes, _table.Current);
            _onRoutes(_table.Current);
            changesViews = true;
        }
        // A lost stream or an emergency shows in every view, also where no route moves.
        if (changesViews)
            _changed.Pulse();
        ArmTimer();
    }

    private void ArmTimer()
    {
        if (_table.NextDeadline is not { } due)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }
        // Timers count whole milliseconds, and would fire just before the deadline; and they stand still while the
        // machine is suspended, which leases do not.
        var wait = Math.Ceiling((due - _clock.Now()).TotalMilliseconds);
        var sleep = TimeSpan.FromMilliseconds(Math.Clamp(wait, 0, LongestSleep.TotalMilliseconds));
        _timer.Change(sleep, Timeout.InfiniteTimeSpan);
    }
}

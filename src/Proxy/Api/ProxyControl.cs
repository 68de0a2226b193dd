using System.Collections.Frozen;
using System.Net;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Engine;
using Grpc.Core;

namespace AnycastVip.Proxy.Api;

/// <summary>
/// What all calls of the API share: the table in force, the gate that holds the control stream, and the way of the
/// observations to it. It tries listeners again that could not be opened. Dispose of it before the engine.
/// </summary>
public sealed partial class ProxyControl : IAsyncDisposable
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ListenerBoard _board = new();
    private readonly Task _running;
    private Engine.ProxyTable _table = Proxy.Engine.ProxyTable.Empty;
    private FrozenDictionary<IPEndPoint, string> _refused = FrozenDictionary<IPEndPoint, string>.Empty;
    private ulong _epoch;
    private ulong _lastRevision;
    private ControlCall? _holder;
    private bool _holderDecides;
    private bool _isReportDue;
    private DateTimeOffset? _seenAt;
    private long _seenTimestamp;

    /// <summary>Starts the work in the background.</summary>
    /// <param name="engine">A running engine whose table and observations are nobody else's.</param>
    /// <param name="clock">Where time comes from.</param>
    public ProxyControl(ProxyEngine engine, TimeProvider clock)
    {
        Engine = engine;
        Clock = clock;
        LastErrors = new(clock);
        StartedAt = clock.GetUtcNow();
        _running = Task.WhenAll(FetchAsync(_stop.Token), ReportAsync(_stop.Token));
    }

    internal ProxyEngine Engine { get; }

    internal TimeProvider Clock { get; }

    internal DateTimeOffset StartedAt { get; }

    internal LastErrors LastErrors { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <summary>Gives the stream to a call; whoever holds it loses it.</summary>
    /// <returns>The revision in force, 0 if none.</returns>
    /// <exception cref="RpcException">INVALID_ARGUMENT, FAILED_PRECONDITION: the epoch will not do.</exception>
    internal ulong Open(ControlCall call, ulong epoch)
    {
        if (epoch == 0)
            throw new RpcException(new Status(StatusCode.InvalidArgument, "epoch must be 1 or more"));
        lock (_lock)
        {
            RefuseReplaced();
            if (epoch < _epoch)
                throw new RpcException(new Status(
                    StatusCode.FailedPrecondition,
                    $"epoch {epoch} is older than {_epoch}, which a gate has opened: is a second gate running?"));
            if (epoch > _epoch)
                _lastRevision = 0;
            _epoch = epoch;
            _holder?.End(TakenOver());
            Volatile.Write(ref _holder, call);
            // What its predecessor's silence has ejected stays so until its own table.
            _holderDecides = false;
            NoteSeen();
            return _table.Revision;
        }
    }

    /// <summary>Takes the stream from a call, if it still holds it. The table stays.</summary>
    internal void Close(ControlCall call)
    {
        lock (_lock)
        {
            if (_holder != call)
                return;
            Volatile.Write(ref _holder, null);
            Engine.Ejects = true;
        }
    }

    /// <summary>Notes a sign of life of the gate.</summary>
    internal void MarkSeen(ControlCall call)
    {
        lock (_lock)
        {
            if (_holder == call)
                NoteSeen();
        }
    }

    /// <summary>Lets the engine eject backends by itself while the gate that holds the stream is silent.</summary>
    /// <param name="call">The stream.</param>
    /// <param name="bound">So long it may be silent.</param>
    internal void JudgeSilence(ControlCall call, TimeSpan bound)
    {
        lock (_lock)
        {
            var ejects = !_holderDecides || Clock.GetElapsedTime(_seenTimestamp) > bound;
            if (_holder == call && Engine.Ejects != ejects)
                Engine.Ejects = ejects;
        }
    }

    /// <summary>Puts a table in force, or refuses it whole; null during a hand-over.</summary>
    /// <exception cref="RpcException">ABORTED: another stream took over; INVALID_ARGUMENT: the revision does not grow;
    /// RESOURCE_EXHAUSTED: too large; UNAVAILABLE: a loop hangs.</exception>
    private Proto.V1.TableResult? Apply(ControlCall call, Proto.V1.ProxyTable message, out Task? handOver)
    {
        var reader = new TableReader(message);
        var result = new Proto.V1.TableResult { Revision = message.Revision };
        lock (_lock)
        {
            handOver = _handOver?.Task;
            if (handOver is not null)
                return null;
            if (_holder != call)
                throw TakenOver();
            if (message.Revision <= _lastRevision)
                throw new RpcException(new Status(
                    StatusCode.InvalidArgument,
                    $"revision {message.Revision} must be greater than the last one, {_lastRevision}"));
            _lastRevision = message.Revision;
            result.Refused.Add(reader.Faults);
            result.RefusedWhole = result.Refused.Count > 0;
            if (result.RefusedWhole)
                return result;
            try
            {
                ApplyToEngine(reader.Table);
                _message = message;
            }
            catch (TimeoutException error)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
            }
            _holderDecides = true;
            Engine.Ejects = false;
            result.Refused.Add(_refused.Select(entry => new RefusedTableEntry
            {
                Entry = $"listener {entry.Key}",
                Text = $"{entry.Value}; it is tried again each second",
            }));
            return result;
        }
    }

    /// <summary>Everything at one instant.</summary>
    internal ControlView View()
    {
        lock (_lock)
        {
            var snapshot = Engine.Snapshot();
            var listeners = _board.List(_table, _refused, snapshot.Listeners, Clock.GetUtcNow());
            return new(_table, snapshot, listeners, _epoch, _holder is not null, _seenAt);
        }
    }

    private void NoteSeen()
    {
        _seenAt = Clock.GetUtcNow();
        _seenTimestamp = Clock.GetTimestamp();
    }

    private void ApplyToEngine(Engine.ProxyTable table) => Note(table, Engine.ApplyTable(table));

    private void Note(Engine.ProxyTable table, Engine.TableResult result)
    {
        _table = table;
        _refused = result.Refused.ToFrozenDictionary(listener => listener.Endpoint, listener => listener.Reason);
    }

    // Failures end the wait at once, and many successes too; the rest is fetched for the next report.
    private async Task FetchAsync(CancellationToken cancel)
    {
        var queue = Engine.Observations;
        while (true)
        {
            await queue.WaitAsync(cancel);
            var isReportDue = Interlocked.Exchange(ref _isReportDue, false);
            while (queue.TryRead(out var observation))
            {
                LastErrors.Note(observation);
                Volatile.Read(ref _holder)?.Observe(observation);
            }
            if (isReportDue)
                Volatile.Read(ref _holder)?.RequestReport();
        }
    }

    private async Task ReportAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(ReportInterval, Clock);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            RetryRefused();
            Volatile.Write(ref _isReportDue, true);
            Engine.Observations.Wake();
        }
    }

    private void RetryRefused()
    {
        lock (_lock)
        {
            if (_refused.Count == 0 || _handOver is not null)
                return;
            try
            {
                ApplyToEngine(_table);
            }
            catch (TimeoutException)
            {
                // A loop hangs, which the missing heartbeats tell: what was refused is tried again when it turns.
            }
        }
    }

    private static RpcException TakenOver() => new(new Status(
        StatusCode.Aborted, "another stream has taken over: a newer gate, or this one's next stream"));
}

/// <summary>Everything that the API shows, at one instant.</summary>
/// <param name="Table">The table in force.</param>
/// <param name="Snapshot">The engine's counters.</param>
/// <param name="Listeners">Every listener of the table.</param>
/// <param name="Epoch">The newest gate's; 0: none has come yet.</param>
/// <param name="IsHeld">Whether a gate holds the control stream.</param>
/// <param name="SeenAt">When a gate last sent something; null: none has come yet.</param>
internal sealed record ControlView(
    Engine.ProxyTable Table,
    ProxySnapshot Snapshot,
    IReadOnlyList<Listener> Listeners,
    ulong Epoch,
    bool IsHeld,
    DateTimeOffset? SeenAt);

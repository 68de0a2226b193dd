using System.Net;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <content>Checks and backends.</content>
public sealed partial class GateEngine
{
    private BackendUnit? FindBackend(string pool, string name) =>
        _pools.GetValueOrDefault(pool)?.Backends.Find(backend => backend.Options.Name == name);

    private ulong WireGeneration(BackendUnit backend) => _epoch + (ulong)backend.State.Generation;

    private void TakeCheck(CheckChanged changed)
    {
        var before = _checks.Find(changed.Id);
        var (verdict, reason) = (before?.State?.Verdict ?? CheckVerdict.Unknown, before?.State?.Reason);
        if (_checks.Take(changed) is not { } check)
            return;
        var cause = 0UL;
        if (changed.State.Verdict != verdict)
            cause = Note(
                changed.State.Verdict == CheckVerdict.Passing ? Severity.Info : Severity.Warning, EventKind.Check,
                check.Id.Subject, $"check {check.Id.Check} is {Lower(changed.State.Verdict)}: {changed.State.Reason}");
        if (check.Backend is { } backend)
        {
            // A check that a reload started anew has nothing to say yet: what is known of the backend stands.
            if (changed.State.Verdict != CheckVerdict.Unknown)
                Feed(backend, new CheckReported(
                    changed.State.Verdict, changed.State.Reason, changed.State.Epoch + backend.CheckEpochBase), cause);
        }
        else if (cause != 0 || changed.State.Reason != reason)
        {
            Touch(check.Vip!, cause);
        }
    }

    private void TakeFailure(ConnectFailed failed)
    {
        if (FindBackend(failed.Pool, failed.Backend) is not { } backend
            || failed.Generation != WireGeneration(backend))
            return;
        if (failed.What != Observation.Refused)
            Feed(backend, new Observed(failed.What, backend.State.Generation), cause: 0);
        // A process that died resets its connections before it refuses new ones, and takes all backends with it that it
        // served: they are looked at in one burst.
        if (failed.What != Observation.TimedOut)
            _pools[backend.Pool].Backends
                .FindAll(sibling => sibling.State.State == BackendState.Up || sibling == backend)
                .ForEach(Verify);
    }

    private void Verify(BackendUnit backend)
    {
        if (backend.State.State is not (BackendState.Up or BackendState.Drain)
            || backend.Verifying == backend.State.Generation)
            return;
        backend.Verifying = backend.State.Generation;
        _actions.Add(new VerifyBackend(
            backend.Pool, backend.Options.Name, backend.Options.Endpoint, WireGeneration(backend)));
    }

    private void TakeVerified(BackendVerified verified)
    {
        if (FindBackend(verified.Pool, verified.Backend) is not { } backend
            || verified.Generation != WireGeneration(backend))
            return;
        backend.Verifying = null;
        // A refusal that does not repeat itself is soft evidence, as a reset.
        var what = verified.IsRefused ? Observation.Refused : Observation.Reset;
        var wasUp = backend.State.State == BackendState.Up;
        var cause = verified.IsRefused && wasUp
            ? Note(Severity.Warning, EventKind.Observation, backend.Subject,
                "it refused a connection of the proxy, and again when verified")
            : 0;
        Feed(backend, new Observed(what, backend.State.Generation), cause);
    }

    private void Feed(BackendUnit backend, BackendInput input, ulong cause)
    {
        (backend.State, var actions) = BackendHealth.Next(backend.State, input, _now);
        var id = new CheckId(backend.Subject, _pools[backend.Pool].Options.Check.Name);
        foreach (var action in actions)
        {
            switch (action)
            {
                case FailCheck fail:
                    var epoch = fail.Epoch - backend.CheckEpochBase;
                    _actions.Add(new TellCheck(id, new TargetFailed(epoch, fail.Reason)));
                    break;
                case HurryCheck:
                    _actions.Add(new TellCheck(id, new ProbeSooner()));
                    break;
                case BackendChanged changed:
                    Change(backend, changed, cause);
                    break;
            }
        }
    }

    private void Change(BackendUnit backend, BackendChanged changed, ulong cause)
    {
        (backend.Cause, backend.IsCounted, _mayOrder) = (cause, true, true);
        var severity = changed.To == BackendState.Down ? Severity.Warning : Severity.Info;
        var note = Note(severity, EventKind.Backend, backend.Subject,
            $"{Lower(changed.From)} → {Lower(changed.To)}: {changed.Reason}", cause);
        var vips = _vips.Where(vip => vip.Options.Listeners.Any(listener => listener.Pools.Contains(backend.Pool)));
        foreach (var vip in vips)
            Touch(vip, note);
    }

    private void OrderDrain(BackendUnit backend, ulong cause)
    {
        var order = _drains.Find(new DrainTarget.Backend(backend.Pool, backend.Options.Name));
        backend.Note(order, _now);
        var (isDrained, reason) = (order is not null, order?.Reason ?? "");
        if ((isDrained, reason) == (backend.State.IsDrained, backend.State.DrainReason))
            return;
        backend.Counter = isDrained ? backend.Counter : null;
        Feed(backend, new BackendDrainOrdered(isDrained, reason), cause);
    }

    /// <summary>
    /// What the proxy shall not connect to any more is counted from when the proxy knows. None of it is stranded: a
    /// backend's drain moves no client to another node.
    /// </summary>
    private void CountDrainedBackends()
    {
        if (!_proxy.IsSettled)
            return;
        foreach (var backend in Backends.Where(backend => backend is { State.IsDrained: true, Counter: null }))
        {
            backend.Counter = new(new("", backend.Pool, backend.Options.Name));
            backend.Counter.Begin(_now, strandedSince: null);
        }
    }

    private static IPEndPoint? TargetOf(CheckKind kind, IPEndPoint endpoint) => kind switch
    {
        CheckKind.Tcp { Port: { } port } => new(endpoint.Address, port),
        CheckKind.Http { Port: { } port } => new(endpoint.Address, port),
        CheckKind.Exec => null,
        _ => endpoint,
    };

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}

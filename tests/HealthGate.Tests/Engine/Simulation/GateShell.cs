using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using Record = AnycastVip.HealthGate.Engine.Record;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>Hosts an engine: carries its actions out late, runs its checks, and dies at any moment.</summary>
internal sealed class GateShell(NodeWorld world, NodeClock clock)
{
    private readonly Dictionary<CheckId, (StartCheck Order, RiseFallState State)> _checks = [];
    private long _life;
    private ulong _lastEventId;
    private TimeSpan? _wakeAt;

    public GateEngine? Engine { get; private set; }

    public TimeSpan StartedAt { get; private set; }

    public bool IsStopping { get; private set; }

    public void Start(GateOptions options, DrainSet drains)
    {
        clock.Trace($"gate: starts, drained: {string.Join(", ", drains.Orders.Select(order => order.Target))}");
        _life++;
        (StartedAt, IsStopping, _wakeAt) = (clock.Now, false, null);
        Engine = new(options, world.Epoch, _lastEventId, drains, clock.Now);
        Take(new GateTimersDue());
        Connect(_life);
    }

    public void Crash()
    {
        clock.Trace($"gate: crash");
        Engine = null;
        _life++;
        _checks.Clear();
        world.Kernel.ForgetGate();
        world.Proxy.Disconnect();
        world.Speaker.Disconnect();
    }

    /// <summary>A message for this gate, not for a later one.</summary>
    public void Post(string channel, GateInput input)
    {
        var life = _life;
        clock.Send(channel, 2, () => Receive(life, input));
    }

    public void Take(GateInput input)
    {
        if (Engine is not { } engine)
            return;
        IsStopping |= input is StopRequested;
        var actions = engine.Take(input, clock.Now);
        if (clock.IsTracing && (actions.Count > 0 || input is not GateTimersDue))
            clock.Trace($"{ToText(input)} -> {string.Join("; ", actions.Select(ToText))}");
        world.Laws.Judge(actions);
        foreach (var action in actions)
            CarryOut(action);
        Wake();
    }

    private static string ToText(GateAction action) =>
        action is Record { Event: var noted } ? $"\"{noted.Subject}: {noted.Text}\"" : ActionText.Of(action);

    private static string ToText(GateInput input) => input switch
    {
        CheckChanged check => $"{check.Id} {check.State.Verdict} {check.State.Reason}",
        AddressesSeen seen => $"seen {seen.Revision}: {string.Join(' ', seen.Statuses.Select(one => one.Address))}",
        ListenersReported report => $"open {string.Join(' ', report.Listeners.Where(one => one.IsOpen)
            .Select(one => one.Endpoint))}",
        Reconfigured or DeclarationJudged => input.GetType().Name,
        DeliveryReported report => $"delivered {report.Revision}: {string.Join(' ', report.Peers
            .Select(peer => peer.IsEstablished ? $"{peer.AcknowledgedAt is not null}" : "down"))}",
        _ => $"{input}",
    };

    private void Receive(long life, GateInput input)
    {
        if (life == _life)
            Take(input);
    }

    private void Wake()
    {
        if (Engine?.NextDeadline is not { } deadline || deadline >= _wakeAt)
            return;
        var life = _life;
        world.Laws.JudgeDeadline(deadline);
        _wakeAt = deadline;
        clock.After(deadline - clock.Now, () =>
        {
            if (life != _life || _wakeAt != deadline)
                return;
            _wakeAt = null;
            Take(new GateTimersDue());
            Wake();
        });
    }

    // The links dial again and again.
    private void Connect(long life)
    {
        if (life != _life)
            return;
        if (!world.Proxy.IsConnected)
        {
            if (world.Proxy is { IsAlive: true, IsHung: false })
                world.Proxy.Connect();
            else
                Post("proxy up", new ProxyLost("connection refused"));
        }
        if (world.Speaker is { IsAlive: true, IsConnected: false })
            world.Speaker.Connect();
        clock.After(TimeSpan.FromMilliseconds(100), () => Connect(life));
    }

    private void CarryOut(GateAction action)
    {
        switch (action)
        {
            case StartCheck start:
                _checks[start.Id] = (start, RiseFall.Initial(
                    start.Settings, (ulong)clock.Random.Next(), clock.Now));
                Schedule(start.Id);
                break;
            case StopCheck stop:
                _checks.Remove(stop.Id);
                break;
            case TellCheck tell:
                Run(tell.Id, tell.Input);
                break;
            case VerifyBackend verify:
                Post("verify", new BackendVerified(
                    verify.Pool, verify.Backend, verify.Generation, world.IsRefused(verify.Endpoint)));
                break;
            case EnsureAddresses order:
                Send("kernel down", () => world.Kernel.Ensure(order));
                break;
            case SendTable or CountVipConnections or CloseVipConnections:
                Send("proxy down", () => world.Proxy.Take(action));
                break;
            case Declare declare:
                Send("speaker down", () => world.Speaker.Declare(declare));
                break;
            case Record record:
                _lastEventId = record.Event.Id;
                break;
        }
    }

    private void Send(string channel, Action act)
    {
        var life = _life;
        clock.Send(channel, 2, () =>
        {
            if (life == _life)
                act();
        });
    }

    // ------------------------------------------------------------------------------------------ Checks

    private void Schedule(CheckId id)
    {
        if (!_checks.TryGetValue(id, out var check) || check.State.NextDeadline is not { } deadline)
            return;
        var order = check.Order;
        clock.After(deadline > clock.Now ? deadline - clock.Now : TimeSpan.Zero, () =>
        {
            // A check that was started anew has its own schedule.
            if (_checks.TryGetValue(id, out var now) && ReferenceEquals(now.Order, order)
                && now.State.NextDeadline <= clock.Now)
                Run(id, new CheckTimersDue());
        });
    }

    private void Run(CheckId id, CheckInput input)
    {
        if (!_checks.TryGetValue(id, out var check))
            return;
        var (state, actions) = RiseFall.Next(check.State, input, clock.Now);
        _checks[id] = (check.Order, state);
        if (state.Verdict != check.State.Verdict || state.Last != check.State.Last)
            Post("checks", new CheckChanged(id, state));
        foreach (var run in actions.OfType<RunProbe>())
            Probe(check.Order, run.Run);
        Schedule(id);
    }

    private void Probe(StartCheck order, long run)
    {
        var outcome = world.Probe(order);
        var took = outcome == CheckOutcome.TimedOut ? order.Settings.Timeout : clock.UpTo(3);
        clock.After(took, () =>
        {
            if (_checks.TryGetValue(order.Id, out var now) && ReferenceEquals(now.Order, order))
                Run(order.Id, new ProbeFinished(run, new(outcome, took, $"{outcome}")));
        });
    }
}

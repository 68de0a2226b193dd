using System.Net;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>What a broken shell does, to show that its law is watched.</summary>
internal enum Sabotage
{
    None,
    IgnoreWithdraws,
    LieAboutListeners,
    LieAboutBackends,
    ForgetDrains,
    IgnoreUnknown,
    LateAddresses,
    ShortDwell,
    SameEpoch,
}

/// <summary>A node: the gate under test between stand-ins, and what befalls it.</summary>
internal sealed class NodeWorld
{
    private readonly Sabotage _sabotage;
    private readonly HashSet<int> _dead = [];
    private readonly HashSet<int> _hanging = [];
    private bool _dnsAnswers = true;
    private DrainSet _saved = DrainSet.Empty;

    public NodeWorld(ulong seed, Sabotage sabotage = Sabotage.None, int traceLines = 0)
    {
        _sabotage = sabotage;
        Clock = new(seed) { TraceLines = traceLines };
        Gate = new(this, Clock);
        Kernel = new(Clock, input => Gate.Post("kernel up", input)) { IsLate = sabotage == Sabotage.LateAddresses };
        Proxy = new(Clock, input => Gate.Post("proxy up", input))
        {
            LiesAboutListeners = sabotage == Sabotage.LieAboutListeners,
        };
        Speaker = new(Clock, input => Gate.Post("speaker up", input))
        {
            IgnoresWithdraws = sabotage == Sabotage.IgnoreWithdraws,
            IgnoresUnknown = sabotage == Sabotage.IgnoreUnknown,
        };
        Laws = new(this);
    }

    public NodeClock Clock { get; }

    public GateShell Gate { get; }

    public FakeKernel Kernel { get; }

    public FakeProxy Proxy { get; }

    public FakeSpeaker Speaker { get; }

    public NodeLaws Laws { get; }

    /// <summary>Of the file, as a new gate would read it.</summary>
    public GateOptions Options { get; private set; } = NodeConfig.All[0];

    public DrainSet Drains { get; private set; } = DrainSet.Empty;

    public TimeSpan ResumedAt { get; private set; }

    public TimeSpan ReloadedAt { get; private set; }

    /// <summary>The boot clock in nanoseconds, as the shell takes it.</summary>
    public ulong Epoch => _sabotage == Sabotage.SameEpoch ? 1 : (ulong)Clock.Now.Ticks * 100;

    public bool IsRefused(IPEndPoint endpoint) =>
        _dead.Contains(endpoint.Port) && !_hanging.Contains(endpoint.Port);

    public bool Serves(IPEndPoint endpoint) => !_dead.Contains(endpoint.Port) && !_hanging.Contains(endpoint.Port);

    public bool DnsAnswers => _dnsAnswers;

    public CheckOutcome Probe(StartCheck order)
    {
        if (order.Target is not { } target)
            return _dnsAnswers ? CheckOutcome.Ok : CheckOutcome.Failed;
        if (order.Id.Check == CheckId.SelfProbe)
            return Kernel.Present.Contains(target.Address) && Proxy.Accepts(target)
                ? CheckOutcome.Ok
                : CheckOutcome.Failed;
        return _sabotage == Sabotage.LieAboutBackends ? CheckOutcome.Ok
            : _hanging.Contains(target.Port) ? CheckOutcome.TimedOut
            : _dead.Contains(target.Port) ? CheckOutcome.Failed
            : CheckOutcome.Ok;
    }

    /// <summary>A node that has come up, faults for a while, then health, and at last a stop.</summary>
    public void Run()
    {
        Gate.Start(Given(Options), _saved);
        Serve();
        Pass(TimeSpan.FromSeconds(6));
        Laws.JudgeServing("after the start");
        var end = Clock.Now + TimeSpan.FromSeconds(15 + Clock.Random.Next(20));
        while (Clock.Now < end)
        {
            Disturb();
            Pass(Clock.UpTo(Clock.Chance(3) ? 200 : 3000));
        }
        Heal();
        Pass(TimeSpan.FromSeconds(45), Laws.IsServing);
        Pass(TimeSpan.FromSeconds(6));
        Laws.JudgeServing("after all is well again");
        Gate.Take(new StopRequested());
        Pass(Options.StopTimeout, () => Gate.Engine!.IsStopped);
        Pass(TimeSpan.FromMilliseconds(10));
        Laws.JudgeStopped();
    }

    /// <summary>Nothing but restarts of the gate, each within the lease.</summary>
    public void RunCalm()
    {
        Gate.Start(Given(Options), _saved);
        Serve();
        Pass(TimeSpan.FromSeconds(8));
        var before = Speaker.Withdraws;
        for (var restart = 0; restart < 5; restart++)
        {
            Gate.Crash();
            Pass(Clock.UpTo(2000));
            Gate.Start(Given(Options), _saved);
            Pass(TimeSpan.FromSeconds(6) + Clock.UpTo(3000));
            Laws.JudgeServing("after a restart of the gate");
        }
        Laws.JudgeCalm(before);
    }

    private GateOptions Given(GateOptions options) => _sabotage != Sabotage.ShortDwell ? options : options with
    {
        Vips =
        [
            .. options.Vips.Select(vip => vip with
            {
                Settings = vip.Settings with { ReadvertiseDelay = NodeConfig.Dwell / 4 },
            }),
        ],
    };

    private void Pass(TimeSpan time, Func<bool>? isEnough = null)
    {
        var until = Clock.Now + time;
        while (isEnough?.Invoke() is not true && Clock.Step(until))
            Laws.JudgeWorld();
    }

    private void Serve()
    {
        Proxy.Serve(IsRefused, Kernel.Present.Contains);
        Clock.After(Clock.UpTo(300), Serve);
    }

    private void Disturb()
    {
        switch (Clock.Random.Next(15))
        {
            case 0:
                RestartGate();
                break;
            case 1:
                Proxy.Crash();
                break;
            case 2:
                Proxy.Hang();
                break;
            case 3 when Speaker.IsAlive:
                Speaker.Crash();
                break;
            case 4:
                Kernel.Disturb();
                break;
            case 5:
                Proxy.Steal();
                break;
            case 6:
                Clock.Trace($"suspended");
                Clock.Suspend(Clock.UpTo(60_000));
                ResumedAt = Clock.Now;
                break;
            case 7 or 8:
                Order();
                break;
            case 9:
                Reload(Clock.Random.Next(NodeConfig.All.Count));
                break;
            case 10:
                Speaker.Flap();
                break;
            case 11:
                _dnsAnswers = !_dnsAnswers;
                break;
            case 12:
                Proxy.HandOver();
                break;
            default:
                Kill();
                break;
        }
    }

    private void RestartGate()
    {
        if (Gate.Engine is null)
            return;
        Gate.Crash();
        Clock.After(Clock.UpTo(Clock.Chance(2) ? 500 : 9000), () =>
        {
            Drains = _saved;
            Gate.Start(Given(Options), _sabotage == Sabotage.ForgetDrains ? DrainSet.Empty : _saved);
        });
    }

    private void Kill()
    {
        var pool = Options.Pools[Clock.Random.Next(Options.Pools.Count)];
        var isAll = Clock.Chance(3);
        Clock.Trace($"backends of {pool.Name}: one or all die, hang or come back");
        foreach (var backend in pool.Backends)
        {
            if (!isAll && !Clock.Chance(2))
                continue;
            var kind = Clock.Random.Next(5);
            var port = backend.Endpoint.Port;
            _ = kind > 2 ? _dead.Remove(port) | _hanging.Remove(port) : kind > 1 ? _hanging.Add(port) : _dead.Add(port);
        }
    }

    private void Order()
    {
        DrainTarget target = Clock.Random.Next(4) switch
        {
            0 => new DrainTarget.Node(),
            1 => new DrainTarget.Backend("web", "s1"),
            2 => new DrainTarget.Vip("dns"),
            _ => new DrainTarget.Vip("web"),
        };
        Drains = Drains.Find(target) is null
            ? Drains.Drain(new(target, "work", "alice", DateTimeOffset.UnixEpoch))
            : Drains.Undrain(target);
        Clock.Trace($"operator: {target}, now {Drains.Orders.Count} drains");
        var isSaved = !Clock.Chance(6);
        _saved = isSaved ? Drains : _saved;
        Gate.Take(new DrainsChanged(Drains, isSaved ? null : "disk full"));
    }

    private void Reload(int variant)
    {
        Clock.Trace($"reload: variant {variant}");
        (Options, ReloadedAt) = (NodeConfig.All[variant], Clock.Now);
        Gate.Take(new Reconfigured(Given(Options)));
    }

    private void Heal()
    {
        Clock.Trace($"all is well again");
        Drains = _saved = DrainSet.Empty;
        _dead.Clear();
        _hanging.Clear();
        _dnsAnswers = true;
        // Whoever is to come back by itself has done so.
        Pass(TimeSpan.FromSeconds(10));
        Kernel.Heal();
        Proxy.Heal();
        Gate.Take(new DrainsChanged(Drains, null));
    }

    public bool IsDrained(string vip) => Drains.Covering(new DrainTarget.Vip(vip)) is not null;
}

using System.Globalization;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Health;

/// <summary>Random surroundings, orders, delays and losses, and what must hold whatever they are.</summary>
public sealed class VipInvariantTests
{
    private static readonly int Seeds =
        int.TryParse(Environment.GetEnvironmentVariable("VIP_SEEDS"), CultureInfo.InvariantCulture, out var seeds)
            ? seeds : 300;

    [Fact]
    public void Whatever_happens_the_laws_of_the_node_hold()
    {
        var (announced, standby, drained) = (0, 0, 0);
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var world = new World(seed);
            for (var step = 0; step < 400; step++)
                world.Step();
            world.DrainToTheEnd();
            announced += world.Announced;
            standby += world.Standby;
            drained += world.Drained;
        }
        // The walk must lead to the places whose laws it is to test.
        Assert.True(announced > Seeds && standby > Seeds / 2 && drained > Seeds, $"{announced} {standby} {drained}");
    }

    private sealed class World
    {
        private static readonly TimeSpan Dwell = VipDriver.Settings.ReadvertiseDelay;

        private readonly int _seed;
        private readonly Random _random;
        private readonly VipDriver _vip;
        private readonly VipDrainSettings _drain;
        private readonly List<(TimeSpan At, VipInput Input, IReadOnlyList<VipAction> Actions)> _trace = [];
        private TimeSpan? _lastTransition;
        private TimeSpan _drainedAt;
        private int _movesOfDrain;
        private bool _mayHaveProbe;

        public World(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            var hasListeners = !Chance(4);
            _vip = new VipDriver(VipDriver.Settings with { HasListeners = hasListeners }, isDrained: Chance(8));
            _drain = _vip.State.Settings.Drain;
        }

        public int Announced { get; private set; }

        public int Standby { get; private set; }

        public int Drained { get; private set; }

        public void Step()
        {
            var next = _vip.Now + TimeSpan.FromMilliseconds(_random.Next(3) switch
            {
                0 => 0,
                1 => _random.Next(500),
                _ => _random.Next(8000),
            });
            for (var rounds = 0; _vip.State.NextDeadline <= next; rounds++)
            {
                Check(rounds < 20, "the deadlines do not end");
                _vip.Now = _vip.State.NextDeadline.Value;
                Take(new VipTimersDue());
            }
            _vip.Now = next;
            Take(Input());
        }

        public void DrainToTheEnd()
        {
            Take(new VipDrainOrdered(true, "end"));
            for (var rounds = 0; _vip.State.NextDeadline is { } deadline; rounds++)
            {
                Check(rounds < 20, "the drain does not end");
                _vip.Now = deadline;
                Take(new VipTimersDue());
            }
            Check(_vip.State.Phase == VipPhase.Drained && !_vip.State.WantsAddress, "the drain left something");
        }

        private VipInput Input() => _random.Next(12) switch
        {
            0 => new VipTimersDue(),
            1 when Chance(3) => new VipDrainOrdered(true, "upgrade"),
            1 or 2 => new VipDrainOrdered(false, ""),
            3 or 4 => new RouteDelivered((Announcement)_random.Next(5)),
            5 => new ConnectionsCounted(
                _vip.Now - TimeSpan.FromSeconds(_random.Next(2)), _random.Next(3), _random.Next(3)),
            _ => new FactsSeen(RandomFacts()),
        };

        private VipFacts RandomFacts()
        {
            var facts = new VipFacts
            {
                Address = Finding(_vip.State.WantsAddress),
                Listener = Finding(_vip.State.WantsListener),
                SelfProbe = Finding(_vip.State.WantsSelfProbe && _mayHaveProbe),
            };
            _mayHaveProbe = _vip.State.WantsSelfProbe;
            return _vip.State.Settings.HasListeners
                ? facts with { Pools = VipDriver.Pool(Chance(4) ? _random.Next(5) : 4 - _random.Next(3)) }
                : facts with { Checks = [new("dns", Chance(8) ? CheckVerdict.Failing : CheckVerdict.Passing, "exit")] };
        }

        private Finding Finding(bool isOrdered) =>
            new(!isOrdered ? Proof.Unknown : Chance(25) ? (Proof)_random.Next(3) : Proof.Proven, "as seen");

        private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

        private void Take(VipInput input)
        {
            var before = _vip.State;
            if (input is VipDrainOrdered { IsDrained: true } && !before.IsDrained)
                (_drainedAt, _movesOfDrain) = (_vip.Now, 0);
            var actions = _vip.Take(input);
            _trace.Add((_vip.Now, input, actions));
            var wasAnnounced = before.IsAnnounced;
            foreach (var action in actions)
            {
                JudgeOrder(action);
                if (action is SetAnnouncement announcement)
                {
                    JudgeAnnouncement(announcement.What, wasAnnounced);
                    wasAnnounced = announcement.What > Announcement.None;
                }
            }
            JudgeState();
            if (_vip.State.Phase == VipPhase.Drained && before.Phase != VipPhase.Drained)
                Drained++;
        }

        private void JudgeAnnouncement(Announcement what, bool wasAnnounced)
        {
            var isMove = what != Announcement.None || wasAnnounced;
            if (what is Announcement.Normal or Announcement.Standby)
            {
                Check(!_vip.State.IsDrained, "announced while drained");
                Check(!(_vip.Now < _lastTransition + Dwell), "two transitions in one dwell");
                Announced += what == Announcement.Normal ? 1 : 0;
                Standby += what == Announcement.Standby ? 1 : 0;
            }
            else if (isMove && _vip.State.IsDrained)
                Check(++_movesOfDrain <= 2, "more than the worse path and its withdraw in one drain");
            _lastTransition = isMove ? _vip.Now : _lastTransition;
        }

        // The facts are those of the input, since nothing but it can change them.
        private void JudgeOrder(VipAction action)
        {
            var (facts, state) = (_vip.Facts, _vip.State);
            var isOk = action switch
            {
                SetListener { Open: true } => state.Facts.Address.IsProven,
                SetSelfProbe { Runs: true } => state.Facts.Listener.IsProven,
                SetListener { Open: false } => state.IsDrained && !state.IsAnnounced,
                SetAddress { Present: false } => state.IsDrained && !state.IsAnnounced && !state.WantsListener,
                CloseConnections => state.IsDrained && !state.IsAnnounced,
                _ => true,
            };
            Check(isOk, $"{action} out of order with {facts}");
        }

        private void JudgeState()
        {
            var state = _vip.State;
            Check(!(state.NextDeadline <= _vip.Now), $"a deadline in the past: {state.NextDeadline}");
            Check(state.Reason.Length > 0, "no reason");
            if (!state.IsAnnounced)
                return;
            Check(state.Missing is null && state.Health.IsServing, "announced while unproven or unhealthy");
            var grace = _drain.AcknowledgeTimeout + _drain.HoldBeforeWithdraw;
            Check(
                !state.IsDrained || state.Announcement == Announcement.Draining && _vip.Now <= _drainedAt + grace,
                "announced beyond the grace of a drain");
        }

        private void Check(bool holds, string breach)
        {
            if (holds)
                return;
            var trace = _trace.TakeLast(30)
                .Select(step => $"{step.At.TotalSeconds:0.000} {step.Input} -> {string.Join(", ", step.Actions)}");
            Assert.Fail($"seed {_seed}: {breach}\n{string.Join('\n', trace)}\n{_vip.State}");
        }
    }
}

using System.Net;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using Record = AnycastVip.HealthGate.Engine.Record;

namespace AnycastVip.HealthGate.Tests.Engine;

/// <summary>Drives one engine by hand. Actions come back as short lines, events apart from them.</summary>
internal sealed class GateDriver
{
    public const string Address = "203.0.113.50";

    public const string Endpoint = Address + ":80";

    public static readonly CheckOptions Check = new("http-ok", new CheckKind.Tcp(), new());

    private readonly List<GateEvent> _events = [];

    public GateDriver(GateOptions? options = null, DrainSet? drains = null, ulong epoch = 1000)
    {
        Options = options ?? Two;
        Engine = new(Options, epoch, 0, drains ?? DrainSet.Empty, TimeSpan.Zero);
        Started = Take(new GateTimersDue());
    }

    /// <summary>One VIP, one pool of two backends.</summary>
    public static GateOptions Two => new()
    {
        NodeName = "n1",
        Checks = [Check],
        Pools = [Pool("web", "s1", "s2")],
        Vips = [Vip("web", Address)],
    };

    public GateOptions Options { get; }

    public GateEngine Engine { get; }

    /// <summary>What the first call gave.</summary>
    public IReadOnlyList<string> Started { get; }

    public TimeSpan Now { get; set; }

    public IReadOnlyList<GateEvent> Events => _events;

    /// <summary>The actions of the last call, events left out.</summary>
    public IReadOnlyList<GateAction> Last { get; private set; } = [];

    public VipStanding this[string vip] => Engine.View(Now).Vips.Single(one => one.Options.Settings.Name == vip);

    public static PoolOptions Pool(string name, params string[] backends) => new()
    {
        Name = name,
        Check = Check,
        Backends = [.. backends.Select((backend, index) =>
            new BackendOptions(backend, new(IPAddress.Loopback, 8081 + index)))],
    };

    public static VipOptions Vip(string name, params string[] addresses) => new()
    {
        Settings = new() { Name = name },
        Addresses = [.. addresses.Select(IPAddress.Parse)],
        Listeners = [new(80, "web")],
        Prefixes = [.. addresses.Select(address => $"{address}/32")],
        StandbyRoute = new() { Med = 500 },
        DrainRoute = new() { Communities = "graceful-shutdown" },
    };

    /// <summary>An engine whose VIPs are all announced.</summary>
    public static GateDriver Announced(GateOptions? options = null)
    {
        var gate = new GateDriver(options);
        gate.Take(new SpeakerConnected(false));
        gate.Take(new ProxyConnected(0));
        foreach (var backend in gate.Engine.View(gate.Now).Backends)
            gate.Judge($"backend {backend.Pool}/{backend.Options.Name}", CheckVerdict.Passing);
        gate.SeeAll();
        Assert.All(gate.Engine.View(gate.Now).Vips, vip => Assert.Equal(VipStatus.Up, vip.State.Status));
        gate.Acknowledge();
        return gate;
    }

    public IReadOnlyList<string> Take(GateInput input)
    {
        var actions = Engine.Take(input, Now);
        _events.AddRange(actions.OfType<Record>().Select(record => record.Event));
        Last = [.. actions.Where(action => action is not Record)];
        foreach (var action in Last)
            Remember(action);
        return [.. Last.Select(ActionText.Of)];
    }

    public IReadOnlyList<string> Tick(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return Take(new GateTimersDue());
    }

    public IReadOnlyList<string> Judge(string subject, CheckVerdict verdict, string check = "http-ok") =>
        Take(new CheckChanged(new(subject, check), new()
        {
            Settings = new(),
            Since = Now,
            Verdict = verdict,
            Reason = verdict == CheckVerdict.Passing ? "HTTP 200" : "HTTP 503",
            Epoch = _epochs.GetValueOrDefault(subject),
        }));

    /// <summary>The proxy and the kernel carry everything out, and the self-probes pass.</summary>
    public void SeeAll()
    {
        SeeAddresses();
        Apply();
        SeeProbes();
    }

    public IReadOnlyList<string> SeeAddresses(AddressState state = AddressState.Present, string reason = "") =>
        Take(new AddressesSeen(_ensured!.Revision,
            [.. _ensured.Addresses.Select(address => new AddressStatus(address, state, reason))]));

    /// <summary>The last table is in force, and its listeners are open.</summary>
    public IReadOnlyList<string> Apply()
    {
        Take(new TableApplied(_table!.Revision, [], false));
        return Report(isOpen: true);
    }

    public IReadOnlyList<string> Report(bool isOpen, string reason = "", ulong accepted = 0) =>
        Take(new ListenersReported([.. _table!.Listeners.Select(listener => new ProxyListener(
            new(listener.Address, listener.Options.Port), isOpen, reason, accepted))]));

    public IReadOnlyList<string> SeeProbes(CheckVerdict verdict = CheckVerdict.Passing)
    {
        IReadOnlyList<string> last = [];
        foreach (var check in Engine.View(Now).Checks.Where(check => check.Id.Check == CheckId.SelfProbe))
            last = Judge(check.Id.Subject, verdict, CheckId.SelfProbe);
        return last;
    }

    /// <summary>The one peer has the last declaration.</summary>
    public IReadOnlyList<string> Acknowledge() => Take(new DeliveryReported(
        _declared!.Revision, [new("tor1", true, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch)]));

    /// <summary>Answers the last question for connections.</summary>
    public IReadOnlyList<string> Count(int fed, int stranded, ulong accepted = 0) =>
        Take(new ConnectionsCountedByProxy(_asked!.RequestId, Now, fed, stranded, accepted));

    public IReadOnlyList<string> Drain(DrainTarget target, TimeSpan? timeout = null) =>
        Take(new DrainsChanged(DrainSet.Empty.Drain(Order(target, timeout)), null));

    public IReadOnlyList<string> Undrain() => Take(new DrainsChanged(DrainSet.Empty, null, "bob"));

    public static DrainOrder Order(DrainTarget target, TimeSpan? timeout = null) =>
        new(target, "upgrade", "alice", DateTimeOffset.UnixEpoch, timeout);

    private readonly Dictionary<string, long> _epochs = [];
    private EnsureAddresses? _ensured;
    private SendTable? _table;
    private Declare? _declared;
    private CountVipConnections? _asked;

    private void Remember(GateAction action)
    {
        switch (action)
        {
            case EnsureAddresses order:
                _ensured = order;
                break;
            case SendTable table:
                _table = table;
                break;
            case Declare declare:
                _declared = declare;
                break;
            case CountVipConnections count:
                _asked = count;
                break;
            case StartCheck start:
                _epochs.Remove(start.Id.Subject);
                break;
            case TellCheck { Input: TargetFailed failed } told:
                _epochs[told.Id.Subject] = failed.Epoch;
                break;
        }
    }
}

using System.Globalization;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>A gate that holds a lease: opens streams, sends heartbeats and sets, hangs, restarts, gets lost.</summary>
internal sealed class GateClient(int number, SpeakerNode node, Simulator simulator)
{
    private const int Vips = 4;

    private readonly string _id = $"gate-{number}";
    private readonly Chance _chance = simulator.Chance;
    private readonly TimeSpan _ttl = TimeSpan.FromSeconds(simulator.Chance.Pick(1, 2, 5));
    private LeaseStream? _stream;
    private LeaseStream? _earlier;
    private ulong _epoch = 1;
    private ulong _revision;
    private TimeSpan _hangsUntil;
    private bool _isCalm;

    private TimeSpan Now => simulator.Time.Now;

    public void Start()
    {
        Act();
        Beat();
    }

    /// <summary>From now on the client does nothing but keep its lease, with a set that it declares now.</summary>
    public void Calm()
    {
        _isCalm = true;
        _hangsUntil = TimeSpan.Zero;
        node.Run(Ensure);
        node.Run(Declare);
    }

    /// <summary>The table has ended the stream.</summary>
    public void LoseStream(LeaseStream stream)
    {
        if (_stream == stream)
            _stream = null;
    }

    /// <summary>The speaker's process is gone, and all streams with it.</summary>
    public void LoseSpeaker() => _stream = null;

    private void Act()
    {
        if (_isCalm)
            return;
        simulator.Time.After(_chance.Milliseconds(20, 2500), Act);
        var choice = _chance.Below(100);
        node.Run(() =>
        {
            if (_stream is null)
                Reopen(choice);
            else
                ActOnStream(choice);
        });
    }

    private void Reopen(int choice)
    {
        if (choice < 30)
            _epoch++;
        if (choice >= 80)
            return;
        Open();
        if (choice < 60)
            Declare();
    }

    private void ActOnStream(int choice)
    {
        switch (choice)
        {
            case < 55:
                Declare();
                break;
            case < 65:
                Drop();
                break;
            case < 70:
                _hangsUntil = Now + 2 * _ttl;
                break;
            case < 76:
                Open();
                break;
            case < 82 when _earlier is { } stale:
                Heartbeat(stale);
                break;
            case < 86:
                ToggleEmergency();
                break;
        }
    }

    private void Beat()
    {
        simulator.Time.After(_ttl / 4, Beat);
        if (Now < _hangsUntil)
            return;
        node.Run(() =>
        {
            if (_isCalm && _stream is null)
            {
                Ensure();
                Declare();
            }
            else if (_stream is { } stream)
            {
                Heartbeat(stream);
            }
        });
    }

    private void Ensure()
    {
        if (_stream is null)
            Open();
    }

    private void Open()
    {
        if (!node.Table.TryOpen(new ClientHello(_id, _epoch, _ttl, null), Now, out var grant, out var error))
            throw new InvariantBroken(Invariant.LeasesExact, $"{_id} may not open: {error.Text}");
        node.Leases.Open(_id, _epoch, grant.Stream, _ttl, Now);
        simulator.Trace.Add(node.Name, "opens lease", _id, (long)_epoch);
        _earlier = _stream;
        _stream = grant.Stream;
        node.FollowUp();
    }

    private void Heartbeat(LeaseStream stream)
    {
        node.Table.Heartbeat(stream, Now);
        node.Leases.Heartbeat(stream, Now);
        node.FollowUp();
    }

    private void Drop()
    {
        var stream = _stream!.Value;
        simulator.Trace.Add(node.Name, "loses stream", _id);
        node.Table.LoseStream(stream, Now);
        node.Leases.Lose(stream, Now);
        _stream = null;
        node.FollowUp();
    }

    private void ToggleEmergency()
    {
        simulator.Trace.Add(node.Name, "toggles emergency", _id);
        if (!node.Table.LiftEmergencyWithdraw(Now))
            node.Table.EmergencyWithdraw("drill", Now);
        node.Leases.IsEmergency = !node.Leases.IsEmergency;
        node.FollowUp();
    }

    private void Declare()
    {
        var stream = _stream!.Value;
        var vips = new List<VipDeclaration>();
        for (var vip = 0; vip < Vips; vip++)
        {
            if (!_chance.Percent(15))
                vips.Add(Vip(vip));
        }
        var set = new DesiredSet(++_revision, vips.ToValueList());
        simulator.Trace.Add(node.Name, "declares", _id, vips.Count(vip => vip.Intent == VipIntent.Announce));
        var isTaken = node.Leases.TryDeclare(stream, set, Now);
        if (simulator.Sabotage == Sabotage.DropDeclaration)
            node.Table.Heartbeat(stream, Now);
        else if (node.Table.TryDeclare(stream, set, Now, out _, out var error) != isTaken)
            throw new InvariantBroken(Invariant.LeasesExact, $"{_id} declares: {error?.Text ?? "taken too late"}");
        node.FollowUp();
    }

    private VipDeclaration Vip(int vip)
    {
        var intent = _chance.Pick(VipIntent.Announce, VipIntent.Announce, VipIntent.Withdraw, VipIntent.Unknown);
        uint? med = _chance.Pick<uint?>(null, 10, 20);
        var routes = new List<RouteDeclaration>
        {
            Route($"203.0.113.{10 * number + vip}/32", med),
            Route($"2001:db8:{number}::{vip + 1}/128", med),
        };
        if (_chance.Percent(10))
            routes.Add(Route("203.0.113.200/32", med));
        if (_chance.Percent(10))
            routes.Add(Route(_chance.Pick("0.0.0.0/0", "198.51.100.1/32", "203.0.113.0/24", "nonsense"), med));
        return new($"vip-{vip.ToString(CultureInfo.InvariantCulture)}", intent, "", routes.ToValueList());
    }

    private static RouteDeclaration Route(string prefix, uint? med) =>
        new(prefix, new RouteAttributes { Med = med }, []);
}

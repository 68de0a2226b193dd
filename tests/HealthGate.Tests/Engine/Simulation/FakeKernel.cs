using System.Net;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Engine;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>Addresses on `lo`, and somebody who removes them or takes them.</summary>
internal sealed class FakeKernel(NodeClock clock, Action<GateInput> post)
{
    private readonly HashSet<IPAddress> _foreign = [];
    private IReadOnlyList<IPAddress> _wanted = [];
    private ulong _revision;

    public HashSet<IPAddress> Present { get; } = [];

    /// <summary>Tells what it has not done yet.</summary>
    public bool IsLate { get; init; }

    /// <summary>They outlive the gate, what it wanted does not.</summary>
    public void ForgetGate() => (_wanted, _revision) = ([], 0);

    public void Ensure(EnsureAddresses order)
    {
        (_wanted, _revision) = (order.Addresses, order.Revision);
        Present.IntersectWith(_wanted);
        var added = _wanted.Where(address => !_foreign.Contains(address)).ToList();
        if (!IsLate)
        {
            Present.UnionWith(added);
            Answer();
            return;
        }
        post(new AddressesSeen(_revision, [.. added.Select(
            address => new AddressStatus(address, AddressState.Present, ""))]));
        clock.After(TimeSpan.FromSeconds(1), () => Present.UnionWith(added));
    }

    public void Disturb()
    {
        if (Present.Count == 0)
            return;
        var victim = Present.ElementAt(clock.Random.Next(Present.Count));
        Present.Remove(victim);
        var isTaken = clock.Chance(2);
        clock.Trace($"kernel: {victim} removed by hand{(isTaken ? ", now foreign" : "")}");
        if (isTaken)
        {
            _foreign.Add(victim);
            clock.After(clock.UpTo(4000), () => _foreign.Remove(victim));
        }
        Answer();
    }

    public void Heal() => _foreign.Clear();

    private void Answer()
    {
        var (revision, statuses) = (_revision, _wanted.Select(StatusOf).ToList());
        post(new AddressesSeen(revision, statuses));
    }

    private AddressStatus StatusOf(IPAddress address) =>
        Present.Contains(address) ? new(address, AddressState.Present, "")
        : _foreign.Contains(address) ? new(address, AddressState.Foreign, "somebody else has it")
        : new(address, AddressState.Missing, "removed by hand");
}

using System.Net;
using AnycastVip.HealthGate.Addresses;

namespace AnycastVip.HealthGate.Engine;

/// <summary>What was ordered of the addresses, and how they stand.</summary>
internal sealed class AddressDesk
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private Dictionary<IPAddress, AddressStatus> _statuses = [];
    private ulong _revision;
    private bool _isFirstRetry;

    /// <summary>Of the next order.</summary>
    public ulong NextRevision => _revision + 1;

    /// <summary>An order is owed.</summary>
    public bool IsOrderOwed { get; set; }

    /// <summary>Of the last order whose outcome is known.</summary>
    public ulong Answered { get; private set; }

    /// <summary>Why nothing is known; null: something is.</summary>
    public string? Fault { get; private set; }

    /// <summary>When what is missing is ordered again; null: nothing is.</summary>
    public TimeSpan? RetryAt { get; private set; }

    public IEnumerable<AddressStatus> Troubles =>
        _statuses.Values.Where(status => status.State != AddressState.Present);

    public AddressStatus? Find(IPAddress address) => _statuses.GetValueOrDefault(address);

    public EnsureAddresses Order(IReadOnlyList<IPAddress> addresses)
    {
        (IsOrderOwed, RetryAt) = (false, null);
        return new(++_revision, addresses);
    }

    /// <summary>Notes what was seen.</summary>
    /// <returns>The addresses that stand otherwise than before.</returns>
    public IReadOnlyList<AddressStatus> Take(AddressesSeen seen, TimeSpan now)
    {
        Fault = seen.Fault;
        var changed = new List<AddressStatus>();
        if (seen.Fault is null)
        {
            Answered = Math.Max(Answered, seen.Revision);
            changed.AddRange(seen.Statuses.Where(status => Find(status.Address) != status));
            _statuses = seen.Statuses.ToDictionary(status => status.Address);
        }
        var isInTrouble = Fault is not null || Troubles.Any();
        if (!isInTrouble)
            RetryAt = null;
        else if (RetryAt is null)
        {
            RetryAt = now + RetryInterval;
            _isFirstRetry = changed.Count > 0;
        }
        return changed;
    }

    /// <summary>The withdraws are delivered: what was lost can come back at once.</summary>
    public void HurryFirstRetry(TimeSpan now)
    {
        if (RetryAt is not null && _isFirstRetry)
            (RetryAt, _isFirstRetry) = (now, false);
    }
}

using System.Net;

namespace AnycastVip.HealthGate.Addresses;

/// <summary>What one address needs so that the interface holds exactly the wanted ones.</summary>
/// <param name="Address">The address.</param>
public abstract record AddressAction(IPAddress Address)
{
    /// <summary>Wanted and absent.</summary>
    public sealed record Add(IPAddress Address) : AddressAction(Address);

    /// <summary>Wanted, present and ours: nothing to do.</summary>
    public sealed record Keep(IPAddress Address) : AddressAction(Address);

    /// <summary>Ours and not wanted: no longer configured, or left over by an earlier run.</summary>
    public sealed record Remove(IPAddress Address) : AddressAction(Address);

    /// <summary>Wanted, but somebody else configured it: neither taken over nor removed.</summary>
    /// <param name="Holder">Where it is.</param>
    public sealed record Refuse(InterfaceAddress Holder) : AddressAction(Holder.Address);
}

/// <summary>Compares the wanted addresses with the present ones. Pure.</summary>
public static class AddressPlan
{
    /// <summary>
    /// One action for each wanted address, and one for each of ours that is not wanted. Foreign addresses that nobody
    /// wants do not appear.
    /// </summary>
    /// <param name="wanted">The addresses that the interface shall hold.</param>
    /// <param name="present">All addresses of the node, on every interface.</param>
    /// <param name="interfaceIndex">The interface for the wanted addresses.</param>
    public static IReadOnlyList<AddressAction> For(
        IReadOnlySet<IPAddress> wanted, IReadOnlyCollection<InterfaceAddress> present, int interfaceIndex)
    {
        var byOwnership = present.ToLookup(address => address.IsOwn(interfaceIndex));
        var own = byOwnership[true].Select(address => address.Address).ToHashSet();
        var others = byOwnership[false].ToLookup(address => address.Address);
        var removals = own.Where(address => !wanted.Contains(address)).Select(ToRemove);
        return [.. removals, .. wanted.Select(ForWanted)];

        static AddressAction ToRemove(IPAddress address) => new AddressAction.Remove(address);

        AddressAction ForWanted(IPAddress address)
        {
            if (own.Contains(address))
                return new AddressAction.Keep(address);
            return others[address].FirstOrDefault() is { } holder
                ? new AddressAction.Refuse(holder)
                : new AddressAction.Add(address);
        }
    }
}

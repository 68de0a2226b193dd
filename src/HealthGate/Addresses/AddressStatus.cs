using System.Net;

namespace AnycastVip.HealthGate.Addresses;

/// <summary>How a wanted address stands.</summary>
public enum AddressState
{
    /// <summary>On the interface, and ours.</summary>
    Present,

    /// <summary>Not on the interface: it could not be added, or somebody removed it.</summary>
    Missing,

    /// <summary>On the node, but somebody else configured it.</summary>
    Foreign,
}

/// <summary>How one wanted address stands.</summary>
/// <param name="Address">The address.</param>
/// <param name="State">Its state.</param>
/// <param name="Reason">Why it is not Present, and what to do, in one line; empty when it is.</param>
public sealed record AddressStatus(IPAddress Address, AddressState State, string Reason);

/// <summary>What happened to an address.</summary>
public enum AddressEventKind
{
    /// <summary>It was put on the interface.</summary>
    Added,

    /// <summary>It was there already with our mark.</summary>
    Adopted,

    /// <summary>It is not wanted any more, or an earlier run left it, and was removed.</summary>
    Removed,

    /// <summary>Somebody else removed it, or the interface.</summary>
    Lost,

    /// <summary>Somebody else configured it.</summary>
    Foreign,

    /// <summary>It was foreign, and its holder gave it up: it can be added now.</summary>
    Freed,

    /// <summary>It could not be added or removed.</summary>
    Failed,
}

/// <summary>Something that happened to one address.</summary>
/// <param name="Kind">What.</param>
/// <param name="Address">To which.</param>
/// <param name="Text">One line: what happened, and the remedy where one is needed.</param>
public sealed record AddressEvent(AddressEventKind Kind, IPAddress Address, string Text);

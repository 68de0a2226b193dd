using System.Net;
using AnycastVip.BgpSpeaker.Timing;

namespace AnycastVip.BgpSpeaker.Discovery;

/// <summary>What is known about the link of one unnumbered peer. Times are since the shell's origin.</summary>
public sealed record DiscoveryState
{
    /// <summary>For the intervals of our advertisements.</summary>
    public required JitterSource Jitter { get; init; }

    /// <summary>The interface's index; null while there is no such interface, or it is down.</summary>
    public int? Link { get; init; }

    /// <summary>The router on the link, with the link's index as scope; null: none was heard.</summary>
    public IPAddress? Neighbour { get; init; }

    /// <summary>When <see cref="Neighbour"/> was last heard.</summary>
    public TimeSpan HeardAt { get; init; }

    /// <summary>Another router that was refused and told about.</summary>
    public IPAddress? Refused { get; init; }

    /// <summary>How many Router Solicitations went out since the link came up.</summary>
    public int Solicitations { get; init; }

    /// <summary>When the next Router Solicitation is due; null: none.</summary>
    public TimeSpan? SolicitationTimer { get; init; }

    /// <summary>How many of our Router Advertisements went out since the link came up.</summary>
    public int Advertisements { get; init; }

    /// <summary>When our next Router Advertisement is due; null while the link is down.</summary>
    public TimeSpan? AdvertisementTimer { get; init; }
}

/// <summary>Something that happened on the link.</summary>
public abstract record DiscoveryEvent;

/// <summary>The interface is there and runs, under this index.</summary>
public sealed record LinkUp(int Index) : DiscoveryEvent;

/// <summary>The interface is down or gone.</summary>
public sealed record LinkDown : DiscoveryEvent;

/// <summary>A valid Router Advertisement came.</summary>
/// <param name="Source">The sender's link-local address with its scope.</param>
public sealed record AdvertisementHeard(IPAddress Source) : DiscoveryEvent;

/// <summary>A timer of the state has come.</summary>
public sealed record DiscoveryTimersDue : DiscoveryEvent;

/// <summary>What the shell has to do.</summary>
public abstract record DiscoveryAction;

/// <summary>Send a Router Solicitation to all routers.</summary>
public sealed record SendSolicitation : DiscoveryAction;

/// <summary>Send a Router Advertisement to all nodes.</summary>
public sealed record SendAdvertisement : DiscoveryAction;

/// <summary>The peer is at this address from now on.</summary>
public sealed record NeighbourFound(IPAddress Address) : DiscoveryAction;

/// <summary>A second router is on the link; the first one stays the peer.</summary>
public sealed record NeighbourRefused(IPAddress Address, IPAddress Kept) : DiscoveryAction;

using System.Diagnostics.CodeAnalysis;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>Attributes for one peer in place of those for all.</summary>
/// <param name="Peer">The peer's name; a name that no peer has does nothing.</param>
/// <param name="Attributes">What that peer is told; nothing is taken over from the attributes for all.</param>
public sealed record PeerAttributes(string Peer, RouteAttributes Attributes);

/// <summary>A prefix that is to be announced, and with what.</summary>
/// <param name="Prefix">What to announce.</param>
/// <param name="Attributes">For every peer that <paramref name="PeerAttributes"/> does not name.</param>
/// <param name="PeerAttributes">For single peers, in the order of their names.</param>
public sealed record DesiredRoute(Prefix Prefix, RouteAttributes Attributes, ValueList<PeerAttributes> PeerAttributes)
{
    /// <summary>What is asked for towards <paramref name="peer"/>.</summary>
    public RouteAttributes AttributesFor(string peer)
    {
        foreach (var own in PeerAttributes)
        {
            if (own.Peer == peer)
                return own.Attributes;
        }
        return Attributes;
    }
}

/// <summary>Which revision of which client a <see cref="RouteSet"/> embodies.</summary>
/// <param name="ClientId">The client.</param>
/// <param name="Epoch">Its start: revisions of another one do not compare.</param>
/// <param name="Revision">The last desired set that was taken.</param>
public sealed record ClientRevision(string ClientId, ulong Epoch, ulong Revision);

/// <summary>Everything that is to be announced at one moment. Immutable.</summary>
public sealed class RouteSet
{
    /// <summary>Nothing is to be announced.</summary>
    public static readonly RouteSet Empty = new(0, [], []);

    /// <param name="version">Greater than that of every earlier set.</param>
    /// <param name="routes">In ascending order of prefixes without duplicates.</param>
    /// <param name="revisions">One for each client that declared a set.</param>
    public RouteSet(long version, ValueList<DesiredRoute> routes, ValueList<ClientRevision> revisions)
    {
        for (var i = 1; i < routes.Count; i++)
        {
            if (routes[i - 1].Prefix.CompareTo(routes[i].Prefix) >= 0)
                throw new ArgumentException("Routes not in ascending order of prefixes.", nameof(routes));
        }
        Version = version;
        Routes = routes;
        Revisions = revisions;
    }

    /// <summary>Grows with every change of anything in the set, from 0 for the empty one at start.</summary>
    public long Version { get; }

    /// <summary>In ascending order of prefixes.</summary>
    public ValueList<DesiredRoute> Routes { get; }

    /// <summary>Which declarations the routes embody, in the order of client ids.</summary>
    public ValueList<ClientRevision> Revisions { get; }

    /// <summary>
    /// False while clients that announced before a restart have not declared yet: then what is missing may still come,
    /// and nobody is told that this is everything.
    /// </summary>
    public bool IsComplete { get; init; } = true;

    /// <summary>The route of <paramref name="prefix"/>, if it is to be announced.</summary>
    public bool TryGet(Prefix prefix, [NotNullWhen(true)] out DesiredRoute? route)
    {
        var low = 0;
        var high = Routes.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            route = Routes[middle];
            var order = route.Prefix.CompareTo(prefix);
            if (order == 0)
                return true;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }
        route = null;
        return false;
    }
}

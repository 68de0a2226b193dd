using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>
/// BGP identifiers that two routers share: each is fine alone, and whatever compares identifiers breaks (FAULTS 16).
/// </summary>
internal static class IdentifierAlarms
{
    /// <summary>One line for each conflict.</summary>
    /// <param name="own">Our identifier.</param>
    /// <param name="sessions">The Established sessions, each with its peer's name.</param>
    public static IEnumerable<string> Find(uint own, IReadOnlyList<(string Peer, NegotiatedSession Session)> sessions)
    {
        foreach (var group in sessions.GroupBy(entry => (entry.Session.PeerAs, entry.Session.PeerIdentifier)))
        {
            var identifier = BgpIdentifierText.Of(group.Key.PeerIdentifier);
            var peers = string.Join(", ", group.Select(entry => entry.Peer));
            if (group.Key.PeerIdentifier == own)
                yield return $"{peers}: the peer has our BGP identifier {identifier}; "
                    + "give one of both another routerId";
            // RFC 6286 section 2.1: unique within an AS. Sessions with one router share its identifier as they should;
            // that there are two routers is known only from their host names.
            var hosts = group.Select(entry => entry.Session.PeerHostName).Where(host => host.Length > 0).Distinct();
            var routers = hosts.Select(NotificationText.Printable).ToList();
            if (routers.Count > 1)
                yield return $"{peers}: the routers {string.Join(" and ", routers)} of AS {group.Key.PeerAs} have the "
                    + $"same BGP identifier {identifier}; give each its own";
        }
    }
}

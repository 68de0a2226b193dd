using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>
/// Holds a peer to the number of prefixes that it may announce (RFC 4271 section 6.7). The prefixes are kept for this
/// alone: a count of announcements would grow with each repetition. Memory is bounded by the limit.
/// </summary>
/// <param name="maximum">How many prefixes of each address family.</param>
internal sealed class PrefixLimit(int maximum)
{
    private readonly HashSet<Prefix> _ipv4 = [];
    private readonly HashSet<Prefix> _ipv6 = [];

    /// <summary>Takes the routes of one UPDATE.</summary>
    /// <param name="view">The message.</param>
    /// <param name="isTreatedAsWithdraw">What it announces counts as withdrawn.</param>
    /// <returns>The NOTIFICATION that the peer has earned; null while it keeps within the limit.</returns>
    public Notification? Take(in UpdateView view, bool isTreatedAsWithdraw)
    {
        Remove(view.WithdrawnRoutes, isIPv6: false);
        Remove(view.MpUnreachNlri, view.MpUnreachIsIPv6);
        if (isTreatedAsWithdraw)
        {
            Remove(view.Nlri, isIPv6: false);
            Remove(view.MpReachNlri, view.MpReachIsIPv6);
            return null;
        }
        return Add(view.Nlri, isIPv6: false) ?? Add(view.MpReachNlri, view.MpReachIsIPv6);
    }

    private Notification? Add(ReadOnlySpan<byte> nlri, bool isIPv6)
    {
        var prefixes = Of(isIPv6);
        foreach (var prefix in new NlriReader(nlri, isIPv6))
        {
            prefixes.Add(prefix);
            if (prefixes.Count > maximum)
                return Cease.MaximumNumberOfPrefixesReached(prefix.Family, (uint)maximum);
        }
        return null;
    }

    private void Remove(ReadOnlySpan<byte> nlri, bool isIPv6)
    {
        var prefixes = Of(isIPv6);
        foreach (var prefix in new NlriReader(nlri, isIPv6))
            prefixes.Remove(prefix);
    }

    private HashSet<Prefix> Of(bool isIPv6) => isIPv6 ? _ipv6 : _ipv4;
}

using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>
/// Holds a peer to the number of prefixes that it may announce (RFC 4271 section 6.7). The prefixes are kept for this
/// alone: a count of announcements would grow with each repetition. With ADD-PATH each path of a prefix counts.
/// Memory is bounded by the limit.
/// </summary>
/// <param name="maximum">How many prefixes of each address family.</param>
internal sealed class PrefixLimit(int maximum)
{
    private readonly HashSet<(Prefix Prefix, uint PathId)> _ipv4 = [];
    private readonly HashSet<(Prefix Prefix, uint PathId)> _ipv6 = [];

    /// <summary>Takes the routes of one UPDATE.</summary>
    /// <param name="view">The message.</param>
    /// <param name="context">How it was read.</param>
    /// <param name="isTreatedAsWithdraw">What it announces counts as withdrawn.</param>
    /// <returns>The NOTIFICATION that the peer has earned; null while it keeps within the limit.</returns>
    public Notification? Take(in UpdateView view, in UpdateContext context, bool isTreatedAsWithdraw)
    {
        Remove(view.WithdrawnRoutes, isIPv6: false, context);
        Remove(view.MpUnreachNlri, view.MpUnreachIsIPv6, context);
        if (isTreatedAsWithdraw)
        {
            Remove(view.Nlri, isIPv6: false, context);
            Remove(view.MpReachNlri, view.MpReachIsIPv6, context);
            return null;
        }
        return Add(view.Nlri, isIPv6: false, context) ?? Add(view.MpReachNlri, view.MpReachIsIPv6, context);
    }

    private Notification? Add(ReadOnlySpan<byte> nlri, bool isIPv6, in UpdateContext context)
    {
        var paths = Of(isIPv6);
        var reader = new NlriReader(nlri, isIPv6, context.HasPathIds(isIPv6));
        while (reader.MoveNext())
        {
            paths.Add((reader.Current, reader.PathId));
            if (paths.Count > maximum)
                return Cease.MaximumNumberOfPrefixesReached(reader.Current.Family, (uint)maximum);
        }
        return null;
    }

    private void Remove(ReadOnlySpan<byte> nlri, bool isIPv6, in UpdateContext context)
    {
        var paths = Of(isIPv6);
        var reader = new NlriReader(nlri, isIPv6, context.HasPathIds(isIPv6));
        while (reader.MoveNext())
            paths.Remove((reader.Current, reader.PathId));
    }

    private HashSet<(Prefix Prefix, uint PathId)> Of(bool isIPv6) => isIPv6 ? _ipv6 : _ipv4;
}

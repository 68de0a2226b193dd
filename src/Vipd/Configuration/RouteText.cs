using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Engine;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The speaker's attributes in the words of the gate, which knows no BGP.</summary>
internal static class RouteText
{
    /// <summary>The same attributes; equal ones become equal.</summary>
    public static RouteOptions ToOptions(this RouteAttributes attributes) => new()
    {
        Med = attributes.Med,
        LocalPref = attributes.LocalPref,
        AsPathPrepend = attributes.AsPathPrepend,
        Communities = string.Join(' ', attributes.Communities.Select(CommunityText.Format)),
        ExtendedCommunities = string.Join(' ', attributes.ExtendedCommunities),
        LinkBandwidth = attributes.LinkBandwidth,
        LargeCommunities = string.Join(' ', attributes.LargeCommunities),
    };
}

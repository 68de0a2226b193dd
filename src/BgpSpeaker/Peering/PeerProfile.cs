using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>What the engine of one peer is told.</summary>
/// <param name="Name">The peer's name, by which announcements may address it.</param>
/// <param name="Session">For the session machine.</param>
/// <param name="NextHopIPv4">NEXT_HOP for IPv4 prefixes; null: what <see cref="LocalEnd"/> says.</param>
/// <param name="NextHopIPv6">Next hop for IPv6 prefixes; null: what <see cref="LocalEnd"/> says.</param>
/// <param name="Attributes">Laid under what an announcement asks for.</param>
public sealed record PeerProfile(
    string Name, PeerSettings Session, IPAddress? NextHopIPv4, IPAddress? NextHopIPv6, RouteAttributes Attributes)
{
    /// <summary>Received default routes are told by <see cref="DefaultRoutesChanged"/>, not dropped.</summary>
    public bool TakesDefaultRoutes { get; init; }
}

/// <summary>Our end of a connection, as the shell found it when TCP was up.</summary>
/// <param name="LocalAddress">The address of our end.</param>
/// <param name="RemoteAddress">The address of the peer's end.</param>
/// <param name="NextHopIPv4">An IPv4 address of ours that the peer can reach; null when there is none.</param>
/// <param name="NextHopIPv6">A global IPv6 address of ours that the peer can reach; null when there is none.</param>
public sealed record LocalEnd(
    IPAddress LocalAddress, IPAddress RemoteAddress, IPAddress? NextHopIPv4, IPAddress? NextHopIPv6);

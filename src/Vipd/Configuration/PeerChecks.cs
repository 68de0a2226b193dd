using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Judges the keys of a peer against each other.</summary>
internal sealed class PeerChecks(DiagnosticList diagnostics, ValueList<IPEndPoint> listen)
{
    /// <summary>Adds what is wrong with a peer whose keys are right one by one.</summary>
    /// <param name="reader">Knows where each key stands: with the peer, or with the defaults.</param>
    /// <param name="peer">What was read.</param>
    public void Check(MappingReader reader, PeerOptions peer)
    {
        CheckAddresses(reader, peer);
        CheckTimes(reader, peer);
        CheckExtendedNextHop(reader, peer);
        if (peer.Ttl is not null && peer.TtlSecurityHops is not null)
            diagnostics.Error(reader, PeerKeys.Ttl, "ttlSecurityHops sends with TTL 255: leave one of the two out");
        if (peer.Session is { StrictRole: true, Role: null })
            diagnostics.Error(reader, PeerKeys.StrictRole, "only with 'role'");
        // Of several default routes of one peer nobody could say which to install.
        if (peer is { Session.AddPathReceive: true, DefaultRouteMetric: not null })
            diagnostics.Error(reader, PeerKeys.AddPath, "not with 'installDefaultRoute', which takes one path");
        // Without both AS numbers nobody can say which kind of session this is; the lack of them is told elsewhere.
        if (peer.Session.LocalAs != 0 && peer.Session.PeerAs != 0)
            CheckKindOfSession(reader, peer);
    }

    private void CheckKindOfSession(MappingReader reader, PeerOptions peer)
    {
        var session = $"peer {peer.Name.Quoted()} in AS {peer.Session.PeerAs}";
        if (peer.Session.IsExternal)
        {
            if (peer.Attributes.LocalPref is not null)
                diagnostics.Error(reader, PeerKeys.LocalPref, $"only for iBGP peers; {session} is an eBGP peer");
            return;
        }
        if (peer.Attributes.AsPathPrepend > 0)
            diagnostics.Error(reader, PeerKeys.AsPathPrepend, $"only for eBGP peers; {session} is an iBGP peer");
        if (peer.Ttl is not null)
            diagnostics.Error(reader, PeerKeys.Ttl, $"only for eBGP peers; {session} is an iBGP peer");
        if (peer.Session.Role is not null)
            diagnostics.Error(reader, PeerKeys.Role, $"only for eBGP peers; {session} is an iBGP peer");
    }

    private void CheckAddresses(MappingReader reader, PeerOptions peer)
    {
        var family = peer.Address.AddressFamily;
        if (peer.IsUnnumbered && peer.LocalAddress is not null)
        {
            diagnostics.Error(
                reader, PeerKeys.LocalAddress,
                "an unnumbered peer is reached from the link-local address of the interface: leave it out");
        }
        else if (peer.LocalAddress is { } local && local.AddressFamily != family)
        {
            diagnostics.Error(
                reader, PeerKeys.LocalAddress, $"{local} and the peer's {peer.Address} are of different families");
        }
        else if (peer.LocalAddress is { IsIPv6LinkLocal: true } && !peer.Address.IsIPv6LinkLocal)
        {
            diagnostics.Error(
                reader, PeerKeys.LocalAddress, $"{peer.LocalAddress} is link-local and reaches no {peer.Address}");
        }
        var name = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
        if (peer.Session.Passive && !listen.Any(endPoint => endPoint.AddressFamily == family))
            diagnostics.Error(reader, PeerKeys.Passive, $"speaker.listen has no {name} address for the peer to reach");
    }

    private void CheckExtendedNextHop(MappingReader reader, PeerOptions peer)
    {
        if (!peer.Session.ExtendedNextHop)
            return;
        if (peer.Address.AddressFamily != AddressFamily.InterNetworkV6)
            diagnostics.Error(reader, PeerKeys.ExtendedNextHop, $"not over IPv4, with {peer.Address}");
        else if (reader.Node(PeerKeys.ExtendedNextHop.Name) is not null
            && !peer.Session.Families.Contains(Family.IPv4Unicast))
            diagnostics.Error(reader, PeerKeys.ExtendedNextHop, "is about IPv4 prefixes: add ipv4 to families");
    }

    private void CheckTimes(MappingReader reader, PeerOptions peer)
    {
        var session = peer.Session;
        if (session.RetryMaximum < session.RetryMinimum)
        {
            var key = reader.Node(PeerKeys.RetryMaximum.Name) is null ? PeerKeys.RetryMinimum : PeerKeys.RetryMaximum;
            var minimum = ScalarTypes.Format(session.RetryMinimum);
            var maximum = ScalarTypes.Format(session.RetryMaximum);
            diagnostics.Error(
                reader.PositionOf(key.Name),
                $"retryMaximum, {maximum}, is less than retryMinimum, {minimum}");
        }
        if (session.SendHoldTime <= session.HoldTime)
        {
            diagnostics.Error(
                reader,
                PeerKeys.SendHoldTime,
                $"{ScalarTypes.Format(session.SendHoldTime.Value)} is not more than holdTime "
                + ScalarTypes.Format(session.HoldTime));
        }
    }
}

using System.Diagnostics;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

// What received messages mean, and what the engine counts on the way.
public sealed partial class PeerEngine
{
    private MessageCounters _sent;
    private MessageCounters _received;
    private ReceivedRoutes _receivedRoutes = ReceivedRoutes.None;
    private TimeSpan? _establishedAt;
    private DefaultRoutes _defaultRoutes = DefaultRoutes.None;

    private PeerEvent Interpret(PeerConnection connection, MessageType type, ReadOnlySpan<byte> message)
    {
        var id = connection.Id;
        switch (type)
        {
            case MessageType.Open:
                return OpenDecoder.TryDecode(message, out var open, out var openError)
                    ? new BgpOpen(id, open)
                    : new MessageError(id, openError);
            case MessageType.KeepAlive:
                return new KeepAliveMsg(id);
            case MessageType.Notification:
                return NotificationDecoder.TryDecode(message, out var notification)
                    ? new NotifMsg(id, notification)
                    : throw new UnreachableException("The framer lets no shorter NOTIFICATION through.");
            case MessageType.Update:
                // Before Established the state machine refuses an UPDATE whatever it says.
                return connection == _established ? Update(id, message) : new UpdateMsg(id);
            default:
                return connection == _established ? Refresh(id, message) : new RouteRefreshMsg(id);
        }
    }

    private PeerEvent Update(ConnectionId id, ReadOnlySpan<byte> message)
    {
        var outcome = UpdateDecoder.Decode(message, _updateContext, out var view);
        // Our own routes come back from every router of the site: that is no error worth showing.
        if (outcome.Severity != Severity.None && outcome.Fault != UpdateFault.AsLoop)
            _receivedRoutes = _receivedRoutes with { LastError = outcome.Describe() };
        if (outcome.Severity == Severity.SessionReset)
            return new MessageError(id, outcome.ToNotification(message));
        Count(outcome);
        if (_profile.TakesDefaultRoutes)
        {
            var isLinkLocal = _established!.Local.RemoteAddress.IsIPv6LinkLocal;
            Take(_defaultRoutes.Next(view, outcome, _updateContext, isLinkLocal));
        }
        return _limit?.Take(view, _updateContext, outcome.Severity == Severity.TreatAsWithdraw) is { } exceeded
            ? new AutomaticStop(exceeded)
            : new UpdateMsg(id);
    }

    private void Take(DefaultRoutes routes)
    {
        if (routes == _defaultRoutes)
            return;
        _defaultRoutes = routes;
        _actions.Add(new DefaultRoutesChanged(routes, _established?.Local.RemoteAddress));
    }

    private void Count(in UpdateOutcome outcome)
    {
        var routes = _receivedRoutes;
        _receivedRoutes = routes with
        {
            Announced = routes.Announced + (ulong)(outcome.AnnouncedIPv4 + outcome.AnnouncedIPv6),
            Withdrawn = routes.Withdrawn + (ulong)(outcome.WithdrawnIPv4 + outcome.WithdrawnIPv6),
            TreatedAsWithdraw = routes.TreatedAsWithdraw + (outcome.Severity == Severity.TreatAsWithdraw ? 1u : 0),
            AttributesDiscarded = routes.AttributesDiscarded + (ulong)outcome.DiscardedAttributes,
            EndOfRib = outcome.EndOfRib is { } family && !routes.EndOfRib.Contains(family)
                ? [.. routes.EndOfRib, family]
                : routes.EndOfRib,
        };
    }

    private PeerEvent Refresh(ConnectionId id, ReadOnlySpan<byte> message)
    {
        var enhanced = _session!.EnhancedRouteRefresh;
        if (!RouteRefreshDecoder.TryDecode(message, enhanced, out var refresh, out var error))
            return new MessageError(id, error);
        if (refresh.Subtype == RouteRefreshSubtype.Request && _session.Families.Contains(refresh.Family))
        {
            _ribOut.Refresh(refresh.Family, enhanced);
            _actions.Add(new OutputReady(id));
        }
        return new RouteRefreshMsg(id);
    }

    private void CountSent(ReadOnlySpan<byte> message) =>
        _sent = _sent.Add((MessageType)message[MessageSize.Header - 1], message.Length);
}
